from django.urls import path

from firms.views import claims

urlpatterns = [
    path("my/registers/", claims.claim_list, name="claims"),
    path("my/registers/<slug:credit_code>/<slug:kind>/new/", claims.claim_new, name="claim_new"),
    path("claims/", claims.claim_queue, name="claim_queue"),
    path("claims/verify/", claims.claim_verify_many, name="claim_verify_many"),
    path("claims/<int:pk>/", claims.claim_detail, name="claim"),
    path("claims/<int:pk>/edit/", claims.claim_edit, name="claim_edit"),
    path("claims/<int:pk>/submit/", claims.claim_submit, name="claim_submit"),
    path("claims/<int:pk>/withdraw/", claims.claim_withdraw, name="claim_withdraw"),
    path("claims/<int:pk>/discard/", claims.claim_discard, name="claim_discard"),
    path("claims/<int:pk>/verify/", claims.claim_verify, name="claim_verify"),
    path("claims/<int:pk>/refuse/", claims.claim_refuse, name="claim_refuse"),
    path("claims/<int:pk>/hand-over/", claims.claim_hand_over, name="claim_hand_over"),
]
