"""Calls of the sandbox's API that more than one file of tests makes."""

SEND, MENU, QR = "/cgi-bin/message/custom/send", "/cgi-bin/menu/create", "/cgi-bin/qrcode/create"


def click(name="灯", key="k"):
    return {"type": "click", "name": name, "key": key}


def view(url):
    return {"type": "view", "name": "v", "url": url}


def scene(text="s", action="QR_STR_SCENE", **more):
    return {"action_name": action, "action_info": {"scene": {"scene_str": text}}, **more}
