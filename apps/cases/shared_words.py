"""Which words of public matters two texts share ("都提到：路灯、不亮"). No Django here.

Strangers' reports are never shown to each other: only words from a list of things and faults, so that nobody can find out by typing a
name, a number or a house whether somebody has written of it.
"""

import re
import unicodedata

_LISTED = """
    路灯 灯杆 照明 不亮 太暗 漆黑 路面 坑洼 坑坑洼洼 塌陷 破损 裂缝 积水 内涝 倒灌 窨井盖 井盖 下水道 排水 管道 堵塞 护栏 栏杆 桥 台阶 人行道 盲道 斑马线 红绿灯 信号灯 路口 减速带 凸面镜 标线 限速 超速 逆行 闯红灯
    停车位 车位 停车难 停车场 停车 乱停 占道 僵尸车 拖车 收费 堵车 拥堵 高峰 接送 公交 班车 站台 首末班 等车 出租车 网约车 货车 大货车 渣土车 三轮车 电瓶车 电动车 共享单车 充电桩 充电 飞线 消防通道 消防栓 灭火器 消防 隐患
    电梯 故障 停运 楼道 外墙 脱落 漏水 渗水 屋顶 楼顶 加装 维修基金 物业费 物业 业委会 保安 门禁 监控 绿化 树枝 修剪 草坪 健身器材 广场舞 音响 噪音 噪声 扰民 施工 夜间施工 工地 扬尘 围挡 装修 麻将 犬吠 养狗 遛狗 流浪狗 流浪猫 狗粪 烟花
    垃圾 垃圾桶 垃圾站 清运 分类 堆放 臭味 异味 恶臭 苍蝇 老鼠 蟑螂 蚊子 油烟 废气 烟囱 焚烧 秸秆 污水 排污 河道 河水 黑臭 水葫芦 淤泥 清淤 死鱼 厕所 公厕 化粪池 粪便 养猪 养鸡 养殖 农药 水质 发黄 铁锈 自来水 停水 水压 水管 爆管 断水 停电 跳闸 电压 变压器 电线 电线杆 燃气 煤气 天然气 供暖 宽带 信号 基站
    违建 违章 搭建 拆除 拆迁 征地 安置房 安置 补偿款 补偿 宅基地 房产证 不动产证 产权证 办证 烂尾 延期交房 交房 质量问题 公摊 学区 入学 招生 转学 幼儿园 小学 中学 学校 老师 补课 食堂 校车 作业 医院 卫生院 卫生室 挂号 排队 疫苗 医保 报销 社保 养老金 养老 低保 残疾人 老人 老年 食堂 助餐 轮椅 无障碍 坡道
    工资 欠薪 拖欠 加班 合同 工伤 辞退 招聘 培训 农民工 退费 退款 预付卡 健身房 早教 关门 假货 过期 缺斤少两 菜场 菜市场 摊位 摆摊 夜市 店招 广告牌 小广告 快递 外卖 骑手 旅游 景区 门票 窗口 办事 预约 材料 跑了几趟 态度 电话打不通
    灌溉 水渠 水库 山塘 机耕路 田 果树 茶叶 滞销 补贴 农机 野猪 山体 滑坡 落石 防洪 台风 危房 祠堂 墓地 坟 文化礼堂 图书 篮球场 球场 公园 步道 路牌 门牌 指示牌 树 花坛 座椅 凉亭 公示 账目 村务 集体 承包 土地 道路 村道 公路 硬化 拓宽 修路 断头路 开挖 回填 停工
    路面破损 路面塌陷 沉陷 水泥路 沥青 颠簸 窨井 井盖松动 沟盖板 盖板 亮化 摸黑 地砖 路沿 桥面 隔离墩 反光镜 施工占道 道路施工 路名牌 暴雨 污水管 返水 管网 污水外溢 饮用水 供水 水费 水表 泵站 挡墙 溪坑 水闸 河堤 停车费 公共收益 维修资金 保温层 加装电梯 检修
    违章建筑 回迁 棚改 墙体开裂 漏雨 公租房 采光 绿地 农田 水利 沟渠 山路 老人活动室 广场 消火栓 喷淋 液化气 气瓶 高空抛物 枯树 倒伏 围墙 塌方 供电 电力 电表 手机信号 网络 光纤 占道停车 违停 绿灯 左转 掉头 标志 禁行 人行横道 天桥 超载 公交车 班次 线路 末班车 候车 车站 铁路 高铁 收费站
    包裹 邮件 快件 驿站 取件 中转站 垃圾场 垃圾车 填埋 垃圾分类 厨余 建筑垃圾 渣土 装修垃圾 偷倒 旱厕 树木 行道树 绿化带 落叶 杂草 施工噪音 打桩 搅拌 凌晨施工 酒吧 喇叭 唱歌 空调外机 风机 轰鸣 变电站 隔音 鸣笛 飙车 餐饮 烧烤 排烟 烟道 夜宵摊 早餐店 废水 偷排 水源 直排 刺鼻 臭气 粉尘 气味
    养猪场 养殖场 猪粪 禁养 采石场 挖山 高压线 信号塔 化工厂 砖厂 报名 摇号 学费 校服 伙食费 校门口 体育馆 游泳馆 健身 操场 足球 篮球 篮球架 图书馆 文化馆 接种 健身步道 秋千 滑梯 螺丝 生锈 锈穿 断裂 断了 松动 掉漆 坏了 塌了 看不清 洒水 地锁 减速 限高 结冰 打滑 冒烟 冒水
"""
WORDS = tuple(_LISTED.split())
_LONGEST_FIRST = re.compile("|".join(sorted(set(WORDS), key=lambda word: (-len(word), word))))
MOST = 4


def named(text: str) -> list[str]:
    """The words of public matters in a text, each once, in the order in which they stand; of two that overlap the longer."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    return list(dict.fromkeys(_LONGEST_FIRST.findall(plain)))


def shared(asked: str, other: str) -> list[str]:
    """Those of `asked` that the other text has too; single characters only when nothing else is shared. At most MOST."""
    there = re.sub(r"\s+", "", unicodedata.normalize("NFKC", other))
    both = [word for word in named(asked) if word in there]
    return ([word for word in both if len(word) > 1] or both)[:MOST]
