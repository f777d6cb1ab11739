from django.urls import path

from firms.views import deadlines

urlpatterns = [
    path("extensions/", deadlines.extension_list, name="extensions"),
    path("extensions/<int:pk>/revoke/", deadlines.extension_revoke, name="extension_revoke"),
    path("reminders/", deadlines.reminder_page, name="reminders"),
    path("reminders/send/", deadlines.remind, name="remind"),
]
