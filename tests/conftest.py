from tests import backends


def pytest_report_header() -> str:
    return f"backend: {backends.CHOSEN}"
