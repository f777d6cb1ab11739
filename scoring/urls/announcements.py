"""公告 and 荣誉榜, for readers and for the office."""

from django.urls import path

from scoring.views import announcements, honours
from scoring.views.feeds import Announcements

urlpatterns: list = [
    path("announcements/", announcements.public_list, name="announcements"),
    path("announcements/feed.xml", Announcements(), name="announcements_feed"),
    path("announcements/<int:pk>/", announcements.public_page, name="announcement"),
    path("announcements/<int:pk>/files/<int:file>/", announcements.attachment, name="announcement_file"),
    path("office/announcements/", announcements.office_list, name="office_announcements"),
    path("office/announcements/new/", announcements.new, name="announcement_new"),
    path("office/announcements/<int:pk>/edit/", announcements.edit, name="announcement_edit"),
    path("office/announcements/<int:pk>/publish/", announcements.publish, name="announcement_publish"),
    path("office/announcements/<int:pk>/withdraw/", announcements.withdraw, name="announcement_withdraw"),
    path("honours/", honours.public_page, name="honours"),
    path("honours/export.<str:format>", honours.export, name="honours_export"),
    path("office/honours/", honours.desk, name="office_honours"),
    path("office/honours/issue/", honours.issue, name="honours_issue"),
    path("office/honours/<int:pk>/withdraw/", honours.withdraw, name="honours_withdraw"),
]
