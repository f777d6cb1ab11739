from django.urls import path

from firms.views import messages

urlpatterns = [
    path("messages/", messages.inbox, name="messages"),
    path("messages/read/", messages.read_all, name="messages_read"),
    path("messages/<int:pk>/open/", messages.open_message, name="message_open"),
    path("mails/", messages.mails, name="mails"),
    path("mails/<int:pk>/retry/", messages.mail_retry, name="mail_retry"),
]
