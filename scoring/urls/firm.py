"""A firm's own pages of analysis: 能力画像, 同类型对比, 提升模拟, 计分说明."""

from django.urls import path

from scoring.views import certificates, firm, public

urlpatterns: list = [
    path("my/score/", public.my_score, name="my_score"),
    path("my/portrait/", firm.mine, {"page": "portrait"}, name="my_portrait"),
    path("my/peers/", firm.mine, {"page": "peers"}, name="my_peers"),
    path("my/simulate/", firm.mine, {"page": "simulate"}, name="my_simulate"),
    path("my/target/", firm.mine, {"page": "target"}, name="my_target"),
    path("my/statement/", firm.mine, {"page": "statement"}, name="my_statement"),
    path("firms/<str:credit_code>/portrait/", firm.portrait, name="portrait"),
    path("firms/<str:credit_code>/peers/", firm.peers, name="peers"),
    path("firms/<str:credit_code>/simulate/", firm.simulate, name="simulate"),
    path("firms/<str:credit_code>/target/", firm.target, name="target"),
    path("firms/<str:credit_code>/statement/", certificates.statement, name="statement"),
    path("firms/<str:credit_code>/statement/issue/", certificates.issue, name="statement_issue"),
    path("firms/<str:credit_code>/statement.pdf", certificates.pdf, name="statement_pdf"),
    path("verify/", certificates.verify, name="verify"),
    path("verify/<str:code>/", certificates.verified, name="verified"),
    path("office/certificates/", certificates.listed, name="certificates"),
    path("office/certificates/<int:pk>/revoke/", certificates.revoke, name="certificate_revoke"),
]
