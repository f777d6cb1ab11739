"""A firm gets its account: it registers, the office approves, it sets a password, signs in, adds a second factor; and invites."""

import re
import time
from base64 import b32decode

from django_otp.oath import TOTP

from tests.enrolling import PASSWORD, PDF
from tests.journeys.conftest import PHONE

LETTER = {"name": "授权书.pdf", "mimeType": "application/pdf", "buffer": PDF}


def a_firm_without_accounts(visit) -> tuple[str, str]:
    """Code and name of a firm in the register that nobody speaks for yet: the first that waits in the demo."""
    office = visit()
    office.sign_in("office")
    page = office.open("/enrolments/")
    found = page.locator(".application", has_text="名称一致").first
    return found.locator("dd.code").inner_text(), found.locator("h3").inner_text()


def mail_to(visit, address: str, subject: str) -> str:
    """The link in the mail, as the demo's page of mails shows it."""
    system = visit()
    system.sign_in("system")
    page = system.open("/mails/")
    letter = page.locator(".letter", has_text=address).filter(has_text=subject).first
    letter.locator("summary").click()
    return letter.locator(".letter-body a").first.get_attribute("href")


def code_now(secret: str, steps: int = 0) -> str:
    totp = TOTP(b32decode(secret.replace(" ", "")))
    totp.time = time.time() + 30 * steps
    return f"{totp.token():06d}"


def test_from_registration_to_a_sign_in_with_two_factors(visit):
    code, name = a_firm_without_accounts(visit)
    address = "journey@example.org"

    guest = visit(PHONE)
    page = guest.open("/accounts/login/")
    page.get_by_role("link", name="企业注册").click()
    page.fill("input[name=credit_code]", code)
    page.fill("input[name=firm_name]", name)
    page.fill("input[name=name]", "吴会计")
    page.fill("input[name=phone]", "0373-5550199")
    page.fill("input[name=email]", address)
    page.set_input_files("input[name=letter]", LETTER)
    page.get_by_role("button", name="提交申请").click()
    page.wait_for_url("**/enrol/done/")

    office = visit()
    office.sign_in("office")
    page = office.open("/")
    page.get_by_role("link", name=re.compile("消息")).click()
    page.get_by_role("button", name=re.compile("新的企业注册申请")).first.click()
    page.wait_for_url("**/enrolments/")
    line = page.locator(".application", has_text=address)
    with page.expect_download() as download:
        line.get_by_role("link", name="下载核对").click()
    assert download.value.suggested_filename == f"授权书-{code}.pdf"
    line.get_by_role("button", name="通过并开设账号").click()
    page.get_by_text("已通过，账号已开设").wait_for()

    page = guest.page
    page.goto(mail_to(visit, address, "企业注册已通过"))
    page.fill("input[name=new_password1]", PASSWORD)
    page.fill("input[name=new_password2]", PASSWORD)
    page.get_by_role("button", name="保存密码").click()
    page.get_by_text("密码已设置").wait_for()
    sign_in(page, address)
    page.wait_for_url(lambda url: "/accounts/" not in url)

    guest.open("/accounts/settings/")
    page.get_by_role("link", name="启用").click()
    page.get_by_role("button", name="开始设置").click()
    assert page.locator("svg.qr").bounding_box()["width"] > 150
    secret = page.locator(".secret").inner_text()
    page.fill("input[name=code]", code_now(secret))
    page.get_by_role("button", name="启用").click()
    assert page.locator(".recovery-codes li").count() == 10
    recovery = page.locator(".recovery-codes li").first.inner_text()

    again = visit()
    page = again.open("/accounts/login/")
    sign_in(page, address)
    page.wait_for_url("**/accounts/login/code/")
    assert "/accounts/login/" in again.open("/messages/").url  # the password alone opens nothing
    again.open("/accounts/login/code/")
    page.fill("input[name=code]", code_now(secret, 1))
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(lambda url: "/accounts/" not in url)
    again.open("/members/")
    assert "吴会计" in page.inner_text("main")

    third = visit()
    page = third.open("/accounts/login/")
    sign_in(page, address)
    page.fill("input[name=code]", recovery)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(lambda url: "/accounts/" not in url)


def sign_in(page, username: str) -> None:
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")


def test_a_manager_invites_a_colleague_who_joins_and_is_removed(visit):
    manager = visit()
    manager.sign_in("firm-one")
    page = manager.open("/members/")
    page.fill("input[name=email]", "colleague@example.org")
    page.fill("input[name=name]", "郑一")
    page.get_by_role("button", name="发送邀请").click()
    page.get_by_text("邀请已发往").wait_for()

    colleague = visit(PHONE)
    other = colleague.page
    other.goto(mail_to(visit, "colleague@example.org", "邀请您加入"))
    other.fill("input[name=password1]", PASSWORD)
    other.fill("input[name=password2]", PASSWORD)
    other.get_by_role("button", name="接受邀请并开设账号").click()
    other.get_by_text("账号已开设").wait_for()
    sign_in(other, "colleague@example.org")
    other.wait_for_url(lambda url: "/accounts/" not in url)

    manager.open("/members/")
    line = page.locator("tr", has_text="郑一")
    line.locator("summary").click()
    line.get_by_role("button", name="确认移除").click()
    page.get_by_text("已移除郑一").wait_for()
    assert "/accounts/login/" in colleague.open("/members/").url


def test_a_session_that_ends_is_told_to_a_script_and_led_back_for_a_person(visit):
    visitor = visit()
    visitor.sign_in("firm-two")
    page = visitor.open("/accounts/settings/")
    ask = "fetch('/session/').then(async (r) => [r.status, await r.json()])"
    status, body = page.evaluate(ask)
    assert (status, body["signed_in"]) == (200, True)
    visitor.context.clear_cookies(name="sessionid")
    status, body = page.evaluate(ask)
    assert (status, body["code"]) == (401, "signed_out")
    assert body["login"].endswith("next=%2Faccounts%2Fsettings%2F")
    page.fill("input[name=phone]", "0373-5550142")
    page.get_by_role("button", name="保存").click()
    page.get_by_text("刚才提交的内容没有保存").wait_for()
    page.fill("input[name=username]", "firm-two")
    from xxgx.demo.accounts import PASSWORD as DEMO

    page.fill("input[name=password]", DEMO)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/accounts/settings/")
