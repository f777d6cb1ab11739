"""The demo's sign-ins: one a role, one password for all, made only when ``XXGX_DEMO=1``."""

from typing import NamedTuple

PASSWORD = "yanshi-2022-jifen"  # noqa: S105  (public on purpose: the demo has nothing to protect)  # nosec B105


class Account(NamedTuple):
    """``firm`` names which of the zone's firms a firm account speaks for: see ``xxgx.demo.load``; ``kind`` as what."""

    username: str
    role: str
    name: str
    department: str = ""
    firm: str = ""
    kind: str = "manager"

    def __str__(self) -> str:
        return f"{self.username:<14} {PASSWORD}  {self.name}"


ACCOUNTS = (
    Account("office", "office", "积分办（科学技术局）"),
    Account("office-two", "office", "积分办复核员"),
    Account("leader", "leader", "管委会领导"),
    Account("dept-science", "department", "科学技术局数据员", department="science"),
    Account("dept-tax", "department", "税务局数据员", department="tax"),
    Account("dept-hr", "department", "人社局数据员", department="hr"),
    Account("firm-one", "firm", "企业管理员（已评价企业）", firm="scored"),
    Account("firm-clerk", "firm", "企业报送员（已评价企业）", firm="scored", kind="reporter"),
    Account("firm-two", "firm", "企业管理员（不纳入企业）", firm="excluded"),
    Account("bank", "bank", "银行"),
    Account("system", "system", "系统管理员"),
    Account("security", "security", "安全管理员"),
    Account("audit", "audit", "审计管理员"),
)
