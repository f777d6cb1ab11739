"""What a batch would move."""

from django.urls import path

from scoring.views import forecasts

urlpatterns: list = [
    path("imports/<int:pk>/forecast/", forecasts.batch_forecast, name="batch_forecast"),
    path("imports/<int:pk>/forecast/ask/", forecasts.batch_forecast_ask, name="batch_forecast_ask"),
]
