"""资金预算."""

from django.urls import path

from scoring.views import budgets

urlpatterns: list = [
    path("office/budgets/", budgets.budget_list, name="budgets"),
    path("office/budgets/set/", budgets.budget_set, name="budget_set"),
    path("office/budgets/export.<str:format>", budgets.budget_export, name="budgets_export"),
    path("office/budgets/payments/<int:pk>/void/", budgets.payment_void, name="payment_void"),
]
