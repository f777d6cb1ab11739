"""数据大屏."""

from django.urls import path

from scoring.views import board

urlpatterns: list = [
    path("board/", board.board, name="board"),
    path("board/data.json", board.data, name="board_data"),
]
