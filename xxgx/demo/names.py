"""Invented firm names and credit codes: they look like the zone's firms and are none of them."""

import numpy as np
from stdnum.cn import uscc

# Three syllables nobody combines: a brand of two common ones is sooner or later somebody's.
_FIRST = "澔霁珩翊曜琮骐峤岱泓昱煊铠赫睿钧沐恺颢瑾渌衡璟晟"
_SECOND = "川岚泽屹桐凌朔禾源汀辰棠屿柏洲峰原榆松帆澜野池麓"
_THIRD = "特维诺珂科尔思曼德顿芯迈汇赛瑟能利凯联达创普益信"

_PREFIXES = ("新乡市", "新乡市", "新乡", "河南")
# What firms of an industry (GB/T 4754) call themselves.
TRADES = {
    "C3421": ("数控机床", "精密机械", "智能装备"),
    "C3432": ("起重设备", "起重机械", "重工机械"),
    "C3441": ("泵业", "真空设备"),
    "C3451": ("轴承", "精密轴承"),
    "C3453": ("传动科技", "减速机", "齿轮传动"),
    "C3463": ("过滤设备", "净化科技", "分离设备"),
    "C3491": ("机器人科技", "机器人装备", "智能装备"),
    "C3511": ("振动机械", "筛分设备", "矿山机械"),
    "C3670": ("汽车零部件", "汽车科技"),
    "C3823": ("电气", "开关设备", "电力设备"),
    "C4011": ("自动化设备", "测控技术", "自动化仪表"),
    "C2710": ("药业", "医药化工"),
    "C2720": ("制药", "药业", "医药科技"),
    "C2740": ("中药", "药业"),
    "C2761": ("生物制药", "生物科技", "生物工程"),
    "C2770": ("医用材料", "卫生材料", "医疗用品"),
    "C3581": ("医疗器械", "诊断技术", "医疗科技"),
    "M7340": ("医药研究", "生物科技"),
    "C2619": ("氢能科技", "气体科技"),
    "C3332": ("储氢装备", "氢能装备"),
    "C3442": ("氢能装备", "压缩机"),
    "C3849": ("燃料电池", "氢能科技", "动力科技"),
    "C3841": ("新能源科技", "电池材料", "储能科技"),
    "C3985": ("电子材料", "电子科技"),
    "C2659": ("新材料", "高分子材料"),
    "C1495": ("生物技术", "食品科技"),
    "I6513": ("软件", "信息技术", "数字科技"),
    "I6520": ("微电子", "集成电路"),
    "I6531": ("信息技术", "网络科技", "智能科技"),
    "M7320": ("技术研究", "工程技术"),
    "M7452": ("检测技术", "检测服务"),
}

# 91 = registered with market supervision; 410700 = 新乡市; the body's XXGX is no agency's code, so the code is
# visibly ours while its check digits are right.
CODE_PREFIX = "91410700XXGX"

_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def credit_code(number: int) -> str:
    """A valid synthetic 统一社会信用代码 for ``number`` (0…9999): both check digits right (GB 11714, GB 32100)."""
    if not 0 <= number <= 9999:
        raise ValueError(f"firm number {number} does not fit in four digits")
    body = f"XXGX{number:04d}"
    total = sum(_ALPHABET.index(c) * w for c, w in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    check = "0123456789X0"[11 - total % 11]
    stem = f"91410700{body}{check}"
    return stem + uscc.calc_check_digit(stem)


def firm_names(rng: np.random.Generator, industries: list[str], large: np.ndarray) -> list[str]:
    """One unique name a firm; its industry's code chooses the trade, ``large`` firms are 股份有限公司."""
    brands = rng.choice(len(_FIRST) * len(_SECOND) * len(_THIRD), size=len(industries), replace=False)
    names = []
    for brand, industry, big in zip(brands.tolist(), industries, large.tolist(), strict=True):
        rest, third = divmod(brand, len(_THIRD))
        first, second = divmod(rest, len(_SECOND))
        stem = _FIRST[first] + _SECOND[second] + _THIRD[third]
        trade = TRADES[industry][rng.integers(len(TRADES[industry]))]
        form = "股份有限公司" if big else "有限公司"
        if rng.random() < 0.06:  # 全角 brackets, as registries write them: the search must cope
            names.append(f"{stem}（新乡）{trade}{form}")
        else:
            names.append(f"{_PREFIXES[rng.integers(len(_PREFIXES))]}{stem}{trade}{form}")
    return names


def syllables(rng: np.random.Generator, n: int) -> list[tuple[str, ...]]:
    """Prefix and three brand syllables for ``n`` names of a zone of any size; brands repeat when n is large."""
    picks = rng.integers(0, [len(_PREFIXES), len(_FIRST), len(_SECOND), len(_THIRD)], size=(n, 4)).tolist()
    return [(_PREFIXES[p], _FIRST[a], _SECOND[b], _THIRD[c]) for p, a, b, c in picks]
