"""The demo zone's parks (一区多园) and industries: GB/T 4754-2017 classes and the local cluster (2+1) of each."""

from typing import NamedTuple


class ParkRow(NamedTuple):
    code: str
    name: str
    share: float  # of the firms


class IndustryRow(NamedTuple):
    code: str
    name: str
    cluster: str
    share: float  # relative frequency
    fields: tuple[str, ...]  # what such firms work on: titles of platforms, projects and contracts


PARKS = (
    ParkRow("main", "主园区", 0.46),
    ParkRow("east", "东区产业园", 0.18),
    ParkRow("south", "南区产业园", 0.14),
    ParkRow("west", "西区产业园", 0.10),
    ParkRow("incubator", "创新创业园", 0.12),
)

INDUSTRIES = (
    IndustryRow("C3421", "金属切削机床制造", "equipment", 4, ("五轴数控加工", "高速主轴", "机床可靠性")),
    IndustryRow("C3432", "生产专用起重机制造", "equipment", 7, ("智能起重", "起重机防摇摆控制", "轻量化桥式起重机")),
    IndustryRow("C3441", "泵及真空设备制造", "equipment", 3, ("特种工业泵", "高真空获得", "泵阀密封")),
    IndustryRow("C3451", "滚动轴承制造", "equipment", 3, ("高精密轴承", "轴承寿命预测", "风电主轴轴承")),
    IndustryRow("C3453", "齿轮及齿轮减、变速箱制造", "equipment", 3, ("精密减速器", "齿轮修形", "传动噪声控制")),
    IndustryRow("C3463", "气体、液体分离及纯净设备制造", "equipment", 4, ("高效过滤分离", "滤芯材料", "工业气体净化")),
    IndustryRow("C3491", "工业机器人制造", "equipment", 4, ("协作机器人", "机器人视觉引导", "焊接机器人")),
    IndustryRow("C3511", "矿山机械制造", "equipment", 5, ("智能振动筛分", "大型破碎", "矿石分选")),
    IndustryRow("C3670", "汽车零部件及配件制造", "equipment", 4, ("汽车轻量化部件", "电驱动桥", "智能座舱部件")),
    IndustryRow("C3823", "配电开关控制设备制造", "equipment", 3, ("智能配电", "真空开关", "电能质量治理")),
    IndustryRow("C4011", "工业自动控制系统装置制造", "equipment", 4, ("工业边缘控制", "在线监测仪表", "流程优化控制")),
    IndustryRow("C2710", "化学药品原料药制造", "biomedicine", 3, ("绿色合成工艺", "高端原料药", "连续流反应")),
    IndustryRow("C2720", "化学药品制剂制造", "biomedicine", 3, ("缓控释制剂", "吸入制剂", "仿制药一致性")),
    IndustryRow("C2740", "中成药生产", "biomedicine", 2, ("经典名方", "中药质量标准", "道地药材提取")),
    IndustryRow("C2761", "生物药品制造", "biomedicine", 4, ("重组蛋白", "抗体药物", "细胞培养工艺")),
    IndustryRow("C2770", "卫生材料及医药用品制造", "biomedicine", 5, ("医用敷料", "可吸收材料", "抗菌卫材")),
    IndustryRow("C3581", "医疗诊断、监护及治疗设备制造", "biomedicine", 4, ("体外诊断", "麻醉监护", "微创介入")),
    IndustryRow("M7340", "医学研究和试验发展", "biomedicine", 2, ("新药筛选", "临床前评价", "生物样本库")),
    IndustryRow("C2619", "其他基础化学原料制造", "hydrogen", 2, ("绿氢制备", "氢气提纯", "副产氢利用")),
    IndustryRow("C3332", "金属压力容器制造", "hydrogen", 3, ("高压储氢容器", "车载储氢系统", "液氢储运")),
    IndustryRow("C3442", "气体压缩机械制造", "hydrogen", 2, ("隔膜式氢压缩机", "加氢站成套", "氢循环泵")),
    IndustryRow("C3849", "其他电池制造", "hydrogen", 4, ("燃料电池电堆", "膜电极", "双极板")),
    IndustryRow("C3841", "锂离子电池制造", "other", 3, ("动力电池", "正极材料", "电池管理系统")),
    IndustryRow("C3985", "电子专用材料制造", "other", 3, ("电子浆料", "高纯靶材", "封装材料")),
    IndustryRow("C2659", "其他合成材料制造", "other", 3, ("特种工程塑料", "可降解材料", "高性能纤维")),
    IndustryRow("C1495", "食品及饲料添加剂制造", "other", 2, ("酶制剂", "功能性添加剂", "微生态制剂")),
    IndustryRow("I6513", "应用软件开发", "other", 5, ("工业软件", "智慧园区平台", "数字孪生")),
    IndustryRow("I6520", "集成电路设计", "other", 2, ("电源管理芯片", "传感器芯片", "车规级芯片")),
    IndustryRow("I6531", "信息系统集成服务", "other", 3, ("物联网感知", "数据治理", "边缘计算")),
    IndustryRow("M7320", "工程和技术研究和试验发展", "other", 3, ("新型功能材料", "先进制造工艺", "节能技术")),
    IndustryRow("M7452", "检测服务", "other", 2, ("无损检测", "环境监测", "计量校准")),
)
