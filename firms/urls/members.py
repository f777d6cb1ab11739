from django.urls import path

from firms.views import enrolments, members

urlpatterns = [
    path("enrol/", enrolments.enrol, name="enrol"),
    path("enrol/done/", enrolments.enrol_done, name="enrol_done"),
    path("enrolments/", enrolments.queue, name="enrolments"),
    path("enrolments/<int:pk>/approve/", enrolments.approve, name="enrolment_approve"),
    path("enrolments/<int:pk>/refuse/", enrolments.refuse, name="enrolment_refuse"),
    path("enrolments/<int:pk>/letter/", enrolments.letter, name="enrolment_letter"),
    path("members/", members.own, name="members"),
    path("members/<str:credit_code>/", members.firm_members, name="firm_members"),
    path("members/<str:credit_code>/invite/", members.invite, name="member_invite"),
    path("members/<str:credit_code>/<int:pk>/kind/", members.change_kind, name="member_kind"),
    path("members/<str:credit_code>/<int:pk>/remove/", members.remove, name="member_remove"),
    path("members/<str:credit_code>/invitations/<int:pk>/revoke/", members.revoke, name="invitation_revoke"),
    path("invitations/<str:token>/", members.invitation, name="invitation"),
    path("invitations/<str:token>/join/", members.join, name="invitation_join"),
]
