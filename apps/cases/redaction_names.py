"""Names of people in running text, by what stands beside them: no list of people, no model, so every find can be explained.

Strong company ("我叫", "姓名：", "联系人") takes any given name; weaker company (a title behind, a relative before) takes only characters that
people are called by. A whole name that was found once is found everywhere in the text.
"""

import re
from collections.abc import Iterator

Found = tuple[int, int, str]

COMPOUND = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|端木|夏侯|宇文|长孙|轩辕|南宫|独孤"
SURNAMES = (  # by frequency; those that mostly mean something else in running text stand in DOUBTFUL
    "范纪程王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩邓冯曹彭曾肖萧田董潘袁蔡蒋余杜叶魏苏吕丁任沈姚卢姜崔钟谭陆汪石廖贾夏韦付傅白邹孟熊"
    "秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵钱严覃武戴莫孔汤康易乔赖庞樊殷施洪翟颜倪牛温芦俞章鲁葛伍申尤毕聂柳邢岳梅庄辛涂祁耿牟詹苗凌费靳盛"
    "童欧甄游阳裴席屈鲍霍翁甘景薄包柯阮桂闵柴冉饶刁瞿戚丘古滕晋苑邬臧褚娄艾蓝卓缪项季池金方安万高郎邸冀谈姬屠晏栾蒙喻揭窦糜鄢仇虞卞封冼佟栗匡巫桑荆谌岑习覃粟麦劳卜焦骆申屠"
)
DOUBTFUL = "于和向从由时常成关程应元党车水全单计宁曲平齐左文路明步支连师家商解强华房边米宫来简符木都巩冷花乐原官衣楚台银扬沙满卫查位池班尚祖海居"
GIVEN = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂华辉玲鹏飞波斌莉宇浩凯健俊帆帅旭宁龙林欢阳建国志文德永福荣昌海忠庆乃作兆步加立正孔开圣余祥维思"
    "生财良兴钦富星奎炳坤银木根松友晓小宗显克世祖振其康乾东峰光亮雷毅挺乐彬博琳倩雪梅红琴云燕萍慧颖婷婧怡佳欣悦梦瑶晨曦梓涵子轩浩宸雨诗语嫣然若晴"
    "彤彩凤珍珠玉莲翠菊香荷蓉蕾薇芬芝苗莹瑾瑜璐琪琦珊珂璇瑞琛琼琨轶哲睿诚信义礼智仁孝廉贤淑惠娥媛姣嫦娇妮姗婉雅洁清冰冬春夏秋霜露虹霓岚山川江河湖泉"
    "泽润沛浦淼鑫焱森垚炜炎烨煜煌灿炫焕熙耀辰昊昕晟晖曼景晶智昱旺朋望朝本朴杉柏柳桃梁楠榕槐樱欧正武毓民洪浩洲津涌淳渊温滨漫澄澜灵焯爱牧犇玮玥珏珑琰"
    "璟甜田申男畅盈盛真睦石砚硕磐禄禹秉科程稳穆立竹笑笛策纯绍维绪缨罡羽翔翰耕聪肖胜舒航良艺节芊苏苑若范茂茜荔莎莫萌萱葆蓓蓝蔚薛虎蝶衡裕覃言训诗询谊"
    "谦谷豪贞贵贺赫超跃辉达迅迎远迪逸逊道遥邦郁采金钊钢钧铁铃铭锋锐锦镇镜长闻闯阔陶隆雁雄霄青韬韵顺颂领风飒飙香骁骏骞魁鲁鸣鸿鹃麒麟黎鼎齐龄水仙群众连"
    "先佑佐伯仲叔季俭保修倍储元兆允充全公关冠凌凝利力劲励勤化升卓南占卫印厚友双发叶同名向周和品善喜嘉团培基堂增士壮多天太夫奇奋好如妍姝威学安定宏宝宽宾"
    "家容寅尊尚尧岗岩岭巍巧帝常干平年广序应庭廷延廿弘张彦彪影征律徐得心必忆念怀态怜恒恩恺悟情惜愉愿慈懿成才扬承抒拓拥振揽提文斐新方施昆昭显普暖曙月有未"
    "朗术李来杨析枫柔栋树桐桦棋楚榜樵权次欣歌止殿毕汉池沁沐治法泓波泰流济浓涛淑淞深添渝湘源溪滔潇炯照煊熊燎爽理用甫益盼省知社祉祝禧秋秦积竞章竣童策"
    "米粤素紫红约纪纬经绮绿缘罗美义耘耿聚肃育胤腾自致航色芸苇英茵荃莘菁菲萃葵蒙蓬蕴藏行衍西见观谋豫象贡赐赞起越路轮辅载辛运进通造遂邵郭醒重量钟铎银镕闽"
    "少一依书微钗剑茹土巧逸婵娴妹花狗猫莺娣囡弟妞宝贝阿陆隽集雍雯震霆霖靓革韦项顾颜飘养首驰骥高魏鲜鹤鹰麦默仪任伦佩侃侠俏信信倢傲兵其典冲况凡准勋勉包北千升卉博卿历及叔召合启吟吉君启呈咏响唯善图圆在坚"
)
NOT_GIVEN = (
    "的了是在有和与或及等被把让给对向从到为因由所以而且但则即又也都还只就才再更最很太非不没无可能会要想该须着过呢吗吧啊这那哪谁什么怎几个位名件级层面部门局处科室办委会校所站点村镇乡街县市省区组"
    "队班课业司厂店行政府关单各她他它您你我咱们请问于说称叫拿做去来出入住家里外前后边号楼栋幢路电话联系：:"
)
SELDOM = "的了是在有和与或及等于向从同名多首先好发起用见来如才得应占定必提未次止升进运通造化公关全法治自家社行政理路重量团众群学位"  # not without a title behind
_given, _titled_given = (
    "".join(sorted(set(GIVEN) - set(SELDOM))),
    "".join(sorted(set(GIVEN) - set("的了是在有或等公自家社政学家团众法全"))),
)
_surname = f"(?:{COMPOUND}|[{''.join(sorted(set(SURNAMES)))}])"
_any_surname = f"(?:{COMPOUND}|[{''.join(sorted(set(SURNAMES + DOUBTFUL)))}])"
_letter = rf"[^\W\da-zA-Z_{re.escape(NOT_GIVEN)}]"
_name = f"{_surname}[{_given}]{{1,2}}"
_any_name = rf"(?:{_any_surname} ?{_letter}(?: ?{_letter})?|[\u4e00-\u9fff]{{2,6}}[·•][\u4e00-\u9fff]{{2,8}})"
_end = r"(?=[\s，,。.、；;：:！!？?（(）)“”\"'…〔【\]\-—/]|$|[是在于与和及同说称系住曾现已将被把对向从因为等女男年身电手以没有不要也就来去请今反还都向]|家[里住的]|夫[妇妻]|父[子女]|一家|两人)"

TITLES = (
    "先生|女士|小姐|太太|师傅|同志|老师|医生|大夫|护士|阿姨|大爷|大叔|大伯|大妈|大姐|大哥|奶奶|爷爷|叔叔|书记|主任|局长|县长|市长|镇长|乡长|区长|厅长|处长|科长|股长|所长|站长|院长|校长|园长|村长|组长|队长|班长|"
    "部长|主席|省长|州长|司长|庭长|检察长|政委|教导员|指导员|总经理|副总|经理|董事长|老板|老板娘|会计|出纳|法官|检察官|律师|警官|警察|民警|辅警|支书|会长|秘书长|秘书|教授|工程师|教练|店长|厂长|矿长|司机|队员|干事|"
    "委员|代表|巡视员|调研员|副书记|副主任|副局长|副县长|副市长|副镇长|副乡长|副区长|副校长|副院长|副所长|副科长|副处长|副厅长|副部长|副主席|常委"
)
RELATIVES = (
    "父亲|母亲|爸爸|妈妈|儿子|女儿|丈夫|妻子|老公|老婆|爱人|老伴|爷爷|奶奶|外公|外婆|哥哥|弟弟|姐姐|妹妹|儿媳|女婿|侄子|外甥|邻居|邻舍|同事|朋友|同学|同乡|房东|房客|村民|居民|业主|住户|租户|户主|学生|家长|患者|病人|死者|伤者|"
    "店主|摊主|车主|包工头|工头|承包人|承包商|负责人|法人|法人代表|法定代表人|班主任|当事人|被告|原告|被告人|举报人|投诉人|信访人|反映人|网民|市民|职工|员工|工人|农民|教师|党员|干部|男|女"
)
OFFICES = frozenset(TITLES.split("|"))
_titles = "|".join(sorted(TITLES.split("|"), key=len, reverse=True))
_before = "|".join(sorted({*TITLES.split("|"), *RELATIVES.split("|")}, key=len, reverse=True))
_not_before = (
    r"(?<![副正总前现原老小各任双对地校官甲乙丙丁提相有机如为属变难经当同万主感致公一二三四五六七八九十百千两\d])"
)
LABELLED = re.compile(
    rf"(?:姓名|联系人|户主|经办人|收款人|户名|持卡人|申请人|投诉人|反映人|举报人|信访人|求助人|当事人|报告人|签名|落款|此致敬礼)[ ]?[:：，,][ ]?({_any_name})(?![\u4e00-\u9fff])"
)
NAMED = re.compile(
    rf"(?:(?:我|他|她|本人|名字|大名|名|儿子|女儿|孩子|老公|老婆|丈夫|妻子|父亲|母亲|对方|此人|一个|有个|那个|司机|老板|村民|男子|女子)(?:的?名字)?(?:叫|名叫|叫做|名为|姓名)"
    rf"|(?<!\w)(?:姓名|联系人|户主|经办人|收款人|户名|申请人|投诉人|反映人|举报人|信访人|求助人|当事人|法定代表人|负责人)(?:姓名)?(?:是|为|叫)?[ ]?)({_any_name}){_end}"
)
DESCRIBED = re.compile(
    rf"(?<![\u4e00-\u9fff])({_any_name})(?=[，,（( 、:：]{{1,2}}(?:男|女|身份证|公民身份|电话|手机|联系电话|联系方式|现年|年龄|今年\d|\d\d岁|0?1[3-9]\d{{3}}))"
)
SIGNED = re.compile(
    rf"(?<=[\s。！!；;：:])({_any_name})(?=敬上|敬启|谨启|呈上|叩首|拜上|书于|[ ]{{0,6}}(?:\d{{4}}[年.\-/]\d|二[〇○零])|\s*$)"
)
MYSELF = re.compile(rf"(?:我是|本人|我系)({_name})(?=[\s，,。；;（(、]|$|[系现家住男女])")
TITLED = re.compile(rf"{_not_before}({_surname})(?:某{{0,2}})?(?:{_titles})(?![期远大久年处家会])")
NAMED_TITLED = re.compile(rf"({_surname}[{_titled_given}]{{1,2}})(?:{_titles})(?![期远大久年])")
KIN = re.compile(
    rf"(?:父亲|母亲|爸爸|妈妈|儿子|女儿|丈夫|妻子|老公|老婆|爱人|老伴|爷爷|奶奶|哥哥|弟弟|姐姐|妹妹|女婿|儿媳)(?:叫|名叫|是|：|:)?({_surname}{_letter}{{1,2}}){_end}"
)
RELATED = re.compile(rf"(?:{_before})(?:叫|名叫|是|为|:|：|（|\()?({_name}){_end}")
ALONE = re.compile(  # three characters between others that end a word: almost only names look like this
    rf"(?<![\u4e00-\u9fff\d])({_surname}[{_given}]{{2}})(?=[\s，,。、；;：:（(）)]|$|[说称在的与和是把被于将等夫]|家[里住的])"
)
NEXT_NAME = re.compile(
    rf"(?:{_titles})?[、和与及，,/]({_surname}[{_titled_given}]{{1,2}})(?=[、，,。；;（(\s等和与及两三四五]|$|{_titles})"
)
FAMILIAR = re.compile(
    r"(?:(?<=[找叫跟问和，,。：:“])|(?<![\u4e00-\u9fff]))[老小]([张王李陈刘赵吴周徐孙朱郑林黄杨蔡谢])(?=[说讲家来去跟和，,。在的]|$)"
)
LEANING = frozenset("任安高方金包程段易田石")  # surnames that end other words: only where a word begins
WORDS = (
    "安全 高中 文化 文学 任课 金融 高级 温州 方面 万元 高度 平安 马路 马上 石材 金额 白天 黄金 江苏 江西 江山 武汉 武昌 海南 龙港 龙江 苏州 郑州 徐州 常州 温岭 梁山 严重 严格 康复 "
    "高新 高速 高考 高层 高铁 高温 任何 任意 任务 任职 方便 方法 方向 方案 方式 金属 金华 江南 江北 江东 江海 江河 石头 石油 白色 白云 黄河 黄山 黄色 古典 古城 古镇 安徽 安阳 安吉 安庆 安康 安宁 安置 安装 安排 "
    "万一 万达 万州 万科 阳光 阳台 阳江 阳春 阳朔 余款 余额 余姚 余杭 温泉 温馨 温暖 温度 夏天 夏季 夏日 牛奶 池塘 池州 包含 包括 包围 包装 游客 游泳 游乐 游戏 顾客 章程 项目 段落 季度 景观 景区 景德 成立 "
    "梅雨 梅州 梅花 柳州 柳树 桂林 桂花 龙虎 龙头 龙岩 龙泉 雷雨 雷同 雷电 毛病 毛坯 麦田 麦子 明天 时间 古道 贺州 贺喜 洪水 洪灾 田地 田间 田园 水田 唐山 秦皇 韩国 蒙古 蒙自 欧洲 欧美 欧元 武术 武力 武装 "
    "易学 易用 易燃 晋江 晋升 晋城 毕业 毕竟 封闭 封山 封建 封路 谈话 谈判 宋代 周边 周围 周期 周末 周到 周年 周一 周二 周三 周四 周五 周六 周日 时常 何时 何必 何在 何况 何处 何为 何种 许可 许多 许久 许诺 "
    "钱财 钱塘 严禁 严厉 严肃 严谨 严惩 莫名 莫大 莫非 高兴 高明 高价 高山 高达 高原 高等 高龄 高发 高峰 高效 高尚 高雅 宋城 明显 段时 雷锋 胡同 胡乱 付出 付款 付清 付费 温和 温水 丁香 田径 白银 白领 "
    "方圆 方形 古树 古村 牛羊 马达 马虎 马桶 马力 石板 石子 石灰 石化 石家 石狮 石山 石林 安心 安定 安静 安居 安庆 申报 申请 申诉 申通 申办 申领 尹始 郎才 盛大 盛夏 盛行 盛世 童年 童话 童心 甘心 甘肃 甘愿 "
    "辛苦 辛勤 辛酸 鲁莽 鲁能 华南 蓝天 蓝图 蓝光 蓝色 蓝牙 艾滋 梁上 沈阳 罗马 罗列 孔雀 叶子 江边 江滨 江湖 汪洋 陆地 陆续 陆路 侯车 史上 史无 陶瓷 贾似 蔡伦 景点 康乐 康泰 康庄 荆州 卓越 乔木 乔迁 庄严 "
    "庄园 庄稼 金山 金沙 金水 金星 金子 金钱 金光 金牌 金桥 金海 金鹰 金典 金源 金茂 金鼎 金辉 江景 江心 江岸 高远 高岭 高庆 龙山 龙海 龙门 龙湖 龙泉 龙翔 龙腾 龙华 严明 盛华 安华 安国 安顺 安泰 方正 方山 石门 "
    "马鞍 马栏 马王 田心 黄兴 黄土 黄花 黄泥 雨花 湘江 湘雅 岳阳 岳麓 庞大 康宁 万元 万福 万国 万象 万家 万寿 阳明 任期 任命 任由 任用 白沙 白马 白石 白水 白山 梅溪 梅山 桂花 柳叶 桑植 桑树 桑田 洪山 洪江 "
    "汤圆 温江 童装 童车 麦克 劳动 劳务 劳力 劳保 劳模 劳工 卜辞 焦点 焦急 焦虑 焦化 盛典 喻家 粟裕 古汉 习惯 习近 习俗 习题 "
    "普通 万余 余元 平米 万平 马克 毛泽 周岁 孙子 孙女 家属 家人 家长 家庭 家里 房屋 房产 房东 房子 谢谢 明确 明白 路人 路口 单位 全部 全家 全体 文件 文明 水电 成员 成为 成功 程序 关系 关于 应该 满意 平时 连续 班主 商家 商户 常年 位于 位置 由于 全国 路边 时候 时期 解决 华人 支付 师生 强制 强烈 来访 来信 "
    "木材 海外 班级 车辆 车库 车位 居民 居住 尚未 和平 郎中 官员 党员 党委 元旦 查处 查实 卫生 卫健 平台 平方 曲线 宁可 宁愿 计划 计生 从事 从未 从来 从业 向来 向上 于此 于是 简单 简直 符合 都市 冷库 花园 花费 乐意 原来 原因 原告 衣服 楚江 台风 扬言 银行 沙石"
)
TWO_CHARACTERS = frozenset(WORDS.split())
TAIL = frozenset("镇村乡县市省区局委校院部办科室处所站社街路桥店厂公司园苑山湖河江港城湾")


def names(seen: str) -> Iterator[Found]:
    """Start, end and mark of what was found, what is surest first; those whose name was found whole are then found everywhere."""
    whole: set[str] = set()
    for start, end in _whole(seen):
        whole.add(seen[start:end])
        yield start, end, "姓名"
        while another := NEXT_NAME.match(seen, end):  # 丁乾峰、蒋燕等
            if _word(another.group(1)):
                break
            whole.add(another.group(1))
            yield another.start(1), another.end(1), "姓名"
            end = another.end(1)
    for match in TITLED.finditer(seen):
        start = match.start(1)
        if (
            seen[start] in LEANING
            and _hanzi(seen[start - 1 : start])
            and seen[start - 1] not in "的请找向问给跟和对由是叫让"
        ):
            continue
        if (
            start >= 2
            and seen[start - 2] in SURNAMES
            and seen[start - 1] in GIVEN
            and not _word(seen[start - 2 : start])
        ):
            start -= 2  # a given name that ends in a surname
        yield start, match.end(1), "姓名"
    yield from ((match.start(1), match.end(1), "姓名") for match in FAMILIAR.finditer(seen))
    yield from _everywhere(seen, whole)


def _whole(seen: str) -> Iterator[tuple[int, int]]:
    """Where a name stands with its given name."""
    for pattern in (LABELLED, NAMED, DESCRIBED, SIGNED):
        yield from (match.span(1) for match in pattern.finditer(seen) if not _office_or_word(match.group(1)))
    for pattern in (MYSELF, NAMED_TITLED, RELATED, KIN, ALONE):
        yield from (match.span(1) for match in pattern.finditer(seen) if not _word(match.group(1)))


def _office_or_word(name: str) -> bool:
    return name[1:] in OFFICES or name in TWO_CHARACTERS


def _word(name: str) -> bool:
    """Whether what looks like a name is a word, or the name of a place or an office."""
    if _office_or_word(name):
        return True
    return name[:2] in TWO_CHARACTERS or name[-2:] in TWO_CHARACTERS or (len(name) > 2 and name[-1] in TAIL)


def _hanzi(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def _everywhere(seen: str, whole: set[str]) -> Iterator[Found]:
    if whole:
        for match in re.finditer("|".join(map(re.escape, sorted(whole, key=len, reverse=True)[:200])), seen):
            yield *match.span(), "姓名"
