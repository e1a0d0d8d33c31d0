"""The page of the access point: all of it in one answer, for a phone has no internet there.

A chip has it packed, one whole answer for each language: `wxlink flash` makes them of this file. Names of
networks come from strangers: the script puts them in as text only, and HEADERS allow no other script. Who
changes the script puts its new hash there: a test tells it.
"""

HEADERS = (
    "Content-Type: text/html; charset=utf-8\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "script-src 'sha256-1FEwyVMc7d2JSkZQ4WJiPPwBZw5b5uOhLX3FqSJtAAc='\r\n"
)


def pieces(language):
    """The page in `language`, zh or en, as texts to be sent one after the other."""
    start = '<!DOCTYPE html><html lang="' + language + '">'
    return start, _STYLE, _BODY, _TEXTS[language], "</script><script>", _SCRIPT, "</script>"


_STYLE = """<meta charset=utf-8><meta name=viewport content="width=device-width,initial-scale=1">
<title>Wi-Fi</title><link rel=icon href=data:,><style>
:root{--b:#ededed;--c:#fff;--t:#191919;--g:#07c160;--k:#576b95;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--b:#111;--c:#1e1e1e;--t:#ddd;--k:#8ba2d0}}
*{box-sizing:border-box}[hidden]{display:none!important}
body{margin:auto;max-width:30em;background:var(--b);color:var(--t);font:16px/1.5 system-ui,sans-serif}
h1{font-size:20px;margin:16px}
h1,h2{display:flex;justify-content:space-between}
p,h2{font-size:14px;margin:12px 16px}p,small,h2 b,.go+*{opacity:.7}b{font-weight:400}
button,input{font:inherit;color:inherit;background:0 0;border:0;min-height:48px;padding:0}
input{outline:0}label:focus-within{border-color:var(--g)}
h1 *+*,h2 *+*,#eye{color:var(--k);font-size:14px;font-weight:400;min-height:0}
.row{display:flex;align-items:center;width:100%;gap:8px;padding:0 16px;min-height:48px;background:var(--c);
border-bottom:1px solid #8884;text-align:left}
.row b,input{flex:1;min-width:0;overflow-wrap:anywhere;unicode-bidi:isolate}
i{width:20px;height:16px;clip-path:polygon(100% 0,0 100%,100% 100%)}
.go{display:block;width:calc(100% - 32px);margin:8px 16px;border-radius:8px}
.go.y{background:var(--g);color:#fff}
#err{color:#e33;opacity:1}
#wait,#done{text-align:center;padding-top:40px}
u{display:block;width:44px;height:44px;margin:16px auto;border:4px solid var(--g);border-radius:50%;
font:28px/34px a;text-decoration:none;color:var(--g)}
#wait u{border-color:#8884 #8884 var(--g);animation:s 1s linear infinite}
@keyframes s{to{transform:rotate(1turn)}}
</style>
"""

_BODY = """<h1><span data-t=title></span><button id=lang data-t=lang></button></h1><p id=name>
<section id=list><h2><b data-t=pick></b><button id=again data-t=again></button></h2><div id=nets></div>
<button class=row id=other data-t=other></button><p data-t=band></section>
<form id=form autocapitalize=off autocorrect=off autocomplete=off spellcheck=false hidden>
<label class=row><span data-t=ssid></span><input id=ssid maxlength=32 required></label>
<label class=row id=lock><span data-t=key></span><input id=key type=password minlength=8 maxlength=64>
<button type=button id=eye></button></label><p id=err role=alert></p>
<button class="go y" data-t=go></button><button class=go type=button id=back data-t=back></button></form>
<section id=wait hidden><u></u><b id=doing role=status></b><p id=note></section>
<section id=done hidden><u>&#10003;</u><b id=well role=status></b><p data-t=bye></section>
<script type=application/json id=texts>"""

_TEXTS = {
    "zh": """{"title":"连接 Wi-Fi","lang":"English","pick":"选择网络","again":"刷新","other":"其他网络…",
"ssid":"网络","key":"密码","go":"连接","back":"返回","show":"显示","hide":"隐藏","open":"开放",
"band":"仅支持 2.4 GHz Wi-Fi。","find":"正在搜索…","none":"没有找到网络",
"gone":"联系不上设备，请重新连接热点 ","doing":"正在连接 ","well":"已连接 ",
"bye":"设置完成，热点即将关闭。","stay":"最长约 40 秒，请不要离开此页面。",
"left":"手机可能已离开热点，重连后可看到结果；热点若已消失，说明已连上。热点：",
"wrong password":"密码错误，请重新输入。","no address":"路由器没有分配地址，请重启路由器后再试。",
"no such network":"找不到该网络。请确认名称正确、信号可及，且为 2.4 GHz。","bad":"连接失败，请重试。"}""",
    "en": """{"title":"Connect to Wi-Fi","lang":"中文","pick":"Choose a network","again":"Refresh",
"other":"Other network…","ssid":"Network","key":"Password","go":"Connect","back":"Back","show":"Show",
"hide":"Hide","open":"open","band":"Only 2.4 GHz Wi-Fi is supported.","find":"Searching…",
"none":"No network found.","gone":"The device cannot be reached. Join its hotspot again: ",
"doing":"Connecting to ","well":"Connected to ",
"bye":"All done. The hotspot closes now.",
"stay":"This takes up to 40 seconds. Stay on this page.",
"left":"Your phone may have left the hotspot. If the hotspot is gone, it worked. If not, join it again: ",
"wrong password":"Wrong password. Type it again.",
"no address":"The router gave no address. Restart it and try again.",
"no such network":"Network not found. Check its name and reach. It must be 2.4 GHz.",
"bad":"That did not work. Try again."}""",
}

_SCRIPT = """
let $=id=>document.getElementById(id),T=JSON.parse($('texts').textContent),
hot='',nets,lost=0,picked='',open=0,why='',
hex=s=>unescape(encodeURIComponent(s)).replace(/[^]/g,c=>('0'+c.charCodeAt().toString(16)).slice(-2)),
plain=h=>{let b=new Uint8Array((h.match(/../g)||[]).map(x=>parseInt(x,16)));
try{return new TextDecoder('utf-8',{fatal:true}).decode(b)}catch(e){return new TextDecoder('gbk').decode(b)}},
put=(id,text)=>$(id).textContent=text,
el=(up,tag,text)=>{let e=document.createElement(tag);e.textContent=text;return up.appendChild(e)},
ask=(path,then,body)=>{let x=new XMLHttpRequest;x.open(body?'POST':'GET',path);x.timeout=15e3;
x.onload=()=>then(x.status==200&&JSON.parse(x.responseText),x.status);
x.onerror=x.ontimeout=()=>then();x.send(body)},
show=id=>{for(let v of ['list','form','wait','done'])$(v).hidden=v!=id;
put('name',hot);put('eye',$('key').type=='text'?T.hide:T.show);put('err',why&&(T[why]||T.bad));
put('doing',picked&&T.doing+plain(picked));put('well',T.well+plain(picked));put('note',lost>4?T.left+hot:T.stay)},
list=()=>{let box=$('nets');box.textContent='';
if(!nets||!nets[0])return el(box,'p',nets?T.none:lost?T.gone+hot:T.find);
for(let [id,dbm,lock] of nets){let row=el(box,'button','');row.className='row';
el(row,'b',plain(id));if(!lock)el(row,'small',T.open);
el(row,'i','').style.background='linear-gradient(90deg,var(--t) '+Math.max(20,2.5*(dbm+90))+'%,#8884 0)';
row.onclick=()=>enter(id,!lock,'')}},
scan=()=>{why='';nets=null;lost=0;show('list');list();ask('/scan',j=>{nets=j;lost=!j;list()})},
enter=(id,free,reason)=>{picked=id;open=free;why=reason;$('ssid').value=plain(id);$('ssid').readOnly=id;
$('lock').hidden=free;if(!reason){$('key').value='';$('key').type='password'}$('key').required=id&&!free;show('form');$(id?'key':'ssid').focus()},
took=j=>{lost=j?0:lost+1;if(j){hot=j.name;picked=j.ssid}
if(!j||j.state=='joining'){show('wait');setTimeout(ask,1e3,'/state',took)}
else if(j.state=='joined')show('done');
else j.reason?enter(j.ssid,open,j.reason):scan()};
$('again').onclick=scan;
$('back').onclick=()=>{nets?show('list'):scan()};
$('lang').onclick=()=>location.search=T.lang=='English'?'en':'zh';
$('other').onclick=()=>enter('',0,'');
$('eye').onclick=()=>{$('key').type=$('key').type=='text'?'password':'text';show('form')};
$('form').onsubmit=e=>{e.preventDefault();
let s=$('ssid').readOnly?picked:hex($('ssid').value);picked=s;show('wait');
ask('/join',(j,status)=>status==400?enter(s,open,'bad'):took(j),'ssid='+s+'&key='+(open?'':hex($('key').value)))};
for(let e of document.querySelectorAll('[data-t]'))e.textContent=T[e.dataset.t];
ask('/state',took);
"""
