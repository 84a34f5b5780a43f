"""Texts written for these tests."""

TIDE = """\
The tidal mill at Orrin Quay began to grind flour again on Saturday, 41 years after its wheel had stopped. A group \
of volunteers led by the carpenter Maud Tennant rebuilt the oak sluice gates over six winters and raised \
380,000 pounds from collections, a lottery and the county heritage fund.

The mill takes in sea water at high tide and lets it out again through the wheel when the tide has fallen, so it can \
work for about five hours twice a day. Engineers of Brackmoor College added a small generator to the wheel, which will \
light the museum next door and send what is left over to the grid. They expect 22 megawatt hours a year.

Not everyone is pleased. Anglers say that the new gates keep sea trout from the upper creek, and the harbour \
office has asked for a fish pass to be built before the end of next year. Tennant said that the plans for the fish \
pass were ready and that only the money was lacking.

Two bakeries in the town have ordered the first flour. Visitors can see the wheel turn from April to October on \
every day with a tide before six in the evening."""

WELL = """\
A new well in the village of Hask brought up clean water on Thursday after three weeks of drilling. The council had \
paid 9,000 pounds for it because the old spring ran dry in June. Forty families had carried water from the river, \
which is a mile away. The schoolteacher drank the first cup while the children clapped."""

OWL = """\
A barn owl was found in the organ of the church at Penn Vale on Sunday, when the lowest pipe gave no sound. The \
organist heard scratching and sent for the bird warden, who lifted the owl out with a towel. It had a bruised wing and \
will stay at the rescue station for two weeks. The service went on with a piano."""

CHINESE = """\
青石镇的老石桥上周六重新开放，这座桥已有三百二十年历史。去年夏天的洪水冲毁了两个桥墩，镇政府用了十一个月修复。工匠们从河底打捞出\
大部分原来的石块，只补了四十六块新石。修桥花费二百八十万元，其中一半来自居民捐款。桥上禁止汽车通行，行人和自行车可以通过。\
镇上的中学生为大桥绘制了一组图画，将在桥头展出一个月。"""

FRENCH = """\
Le vieux moulin de la rivière a recommencé à tourner samedi, après quarante et un ans de silence. Les habitants du \
village avaient réuni l'argent pendant six hivers, et une menuisière a reconstruit les portes en chêne. Les pêcheurs \
disent que les nouvelles portes empêchent les truites de remonter le ruisseau, mais la mairie promet une passe à \
poissons avant la fin de l'année prochaine."""
