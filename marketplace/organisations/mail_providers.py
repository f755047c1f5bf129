"""Domains that cannot be an organisation's own."""

_ANYBODY = """
    qq.com foxmail.com 163.com 126.com yeah.net 188.com sina.com sina.cn sohu.com tom.com 21cn.com 139.com
    189.cn wo.cn wo.com.cn aliyun.com 263.net 2980.com 88.com 111.com chinaren.com citiz.net eyou.com
    gmail.com googlemail.com outlook.com hotmail.com live.com live.cn msn.com icloud.com me.com mac.com aol.com aim.com
    yahoo.com yahoo.cn yahoo.com.cn yahoo.co.jp yahoo.co.uk yahoo.com.hk yahoo.com.sg yahoo.com.tw yahoo.fr yahoo.de
    ymail.com rocketmail.com proton.me protonmail.com pm.me tutanota.com tuta.io gmx.com gmx.net gmx.de web.de mail.de
    t-online.de freenet.de posteo.de mailbox.org mail.com email.com inbox.com zoho.com zohomail.com fastmail.com hey.com
    hushmail.com mail.ru bk.ru list.ru inbox.ru yandex.ru yandex.com ya.ru rambler.ru naver.com daum.net hanmail.net
    nate.com hotmail.co.uk hotmail.fr outlook.de outlook.fr orange.fr free.fr laposte.net wanadoo.fr libero.it
    virgilio.it btinternet.com sky.com comcast.net verizon.net att.net sbcglobal.net cox.net netvigator.com
    singnet.com.sg
    mailinator.com guerrillamail.com 10minutemail.com yopmail.com temp-mail.org trashmail.com sharklasers.com
"""
_NOBODY = """
    com.cn net.cn org.cn gov.cn edu.cn ac.cn mil.cn bj.cn sh.cn gd.cn js.cn zj.cn co.uk org.uk ac.uk gov.uk co.jp ac.jp
    or.jp go.jp com.hk edu.hk org.hk gov.hk net.hk com.sg edu.sg org.sg gov.sg com.tw edu.tw org.tw gov.tw com.mo edu.mo
    com.au edu.au org.au co.kr ac.kr re.kr or.kr com.my edu.my com.br com.mx co.in ac.in co.nz ac.nz com.tr edu.tr
"""
MAIL_OF_ANYBODY = frozenset(_ANYBODY.split())
"""Where anybody gets an address; what lies below them (vip.163.com) is not taken either."""
OF_NOBODY = frozenset(_NOBODY.split())
"""Below these anybody registers a domain."""
