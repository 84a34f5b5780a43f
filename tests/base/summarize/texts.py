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

STORIES = [
    TIDE,
    WELL,
    OWL,
    """\
The night train from Halden to the coast was stopped for four hours on Wednesday because a herd of deer stood on \
the bridge over the Tarn. The driver sounded his horn in vain. A farmer came with two dogs and drove the animals \
into the forest. The railway paid for the breakfast of all ninety passengers.""",
    """\
A box of letters from 1871 was found under the floor of the post office in Little Arden. They had been stolen by \
a clerk who was looking for banknotes. The county archive has dried and copied them, and eleven have been handed \
to the families of the people to whom they were written.""",
    """\
The ice rink in Morvale will close in March after fifty winters. Its pipes lose ammonia, and a repair would cost \
more than the town can spend. Skaters have collected two thousand signatures. The hockey club will train in \
Brent, which is forty minutes away by bus.""",
    """\
Researchers at the University of Lund counted bumblebees in sixty gardens over three summers. Gardens with a \
strip of uncut grass had twice as many nests as those without. Neither the size of a garden nor its distance \
from the fields made a difference. The team wants to repeat the count in cities.""",
    """\
The lighthouse on Gull Rock has been without a keeper since Monday, when Petra Holm retired at the age of \
seventy. She had lived there for thirty-one years and wrote down the weather every six hours. From now on the \
lamp is watched from the mainland by a camera.""",
    """\
A baker in Corran has won the right to open his shop at four in the morning. Neighbours had complained about the \
smell and the noise of the delivery van. The court found that the street had been a street of bakers for two \
centuries, but ordered him to buy an electric van.""",
    """\
The choir of Saint Anne sang in the shipyard on Friday to say goodbye to the ferry Astrid, which will be broken \
up. She had carried eleven million people in forty-four years. Her captain kept the bell, and her wheel will \
hang in the maritime museum.""",
]
