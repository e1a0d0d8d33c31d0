/** The page's own words in Chinese and English, and which of the two to use. Product texts are not here. */

export const LANGUAGES = ["zh-CN", "en"];

const WORDS = {
  // key: [中文, English]
  alert: ["报警", "Alert"],
  alerts: ["报警与故障", "Alerts and faults"],
  attention: ["设备需要注意", "The device needs attention"],
  bytesHint: ["{count} 字节，十六进制", "{count} bytes, hexadecimal"],
  bytesWrong: ["请输入最多 {count} 字节的十六进制数，每字节两位（0-9、A-F）", "Enter at most {count} bytes as pairs of hexadecimal digits (0-9, A-F)"],
  confirmed: ["{name}：设备已确认", "{name}: confirmed by the device"],
  connecting: ["正在连接…", "Connecting…"],
  control: ["控制", "Controls"],
  devices: ["我的设备", "My devices"],
  failedLoad: ["暂时无法连接平台，正在重试…", "The platform cannot be reached. Trying again…"],
  fault: ["故障", "Fault"],
  lost: ["连接已断开，正在重连…", "Connection lost. Reconnecting…"],
  neverUpdated: ["还没有收到过数据", "No data received yet"],
  no: ["否", "No"],
  noDevices: ["还没有设备", "No devices yet"],
  noDevicesHint: ["扫描设备上的二维码，关注公众号后即可绑定。", "Scan the QR code on the device and follow the account to bind it."],
  noPoints: ["这个产品还没有数据点。", "This product has no data points yet."],
  normal: ["正常", "OK"],
  off: ["关", "Off"],
  offline: ["离线", "Offline"],
  offlineHint: ["设备离线，请检查它的电源和网络。", "The device is offline. Check its power and network."],
  on: ["开", "On"],
  online: ["在线", "Online"],
  otherLanguage: ["English", "中文"],
  otherLanguageHint: ["Switch to English", "切换到中文"],
  pending: ["{name}：已发送，等待设备确认", "{name}: sent, waiting for the device"],
  readings: ["状态", "Readings"],
  refresh: ["刷新", "Refresh"],
  retry: ["重试", "Try again"],
  send: ["发送", "Send"],
  signIn: ["登录已过期", "Please sign in again"],
  signInHint: ["请回到公众号，发送“状态”，再打开新的链接。", "Go back to the account, send “state” and open the new link."],
  signOut: ["退出登录", "Sign out"],
  silent: ["设备没有回应，显示的是之前的数据。", "The device does not answer. These are earlier values."],
  unbound: ["这台设备已不在您的名下", "This device is no longer yours"],
  unboundHint: ["扫描设备上的二维码，可以重新绑定。", "Scan the QR code on the device to bind it again."],
  unknown: ["未知", "Unknown"],
  updated: ["更新于{when}", "Updated {when}"],
  updatedNow: ["刚刚更新", "Updated just now"],
  yes: ["是", "Yes"],
  // Why a command failed.
  differs: ["设备没有照办，当前为 {actual}", "The device did not follow. It reports {actual}"],
  timeout: ["设备没有确认", "The device did not confirm"],
  refusedOffline: ["设备离线，命令没有送达", "The device is offline. The command was not delivered"],
  refusedUnbound: ["这台设备已不在您的名下", "This device is no longer yours"],
  refusedValue: ["设备不接受这个值", "The device does not accept this value"],
  refusedDisabled: ["设备已被停用", "The device is disabled"],
  refusedBroker: ["平台暂时无法送达命令，请稍后再试", "The platform cannot deliver commands right now. Please try again later"],
  refusedBusy: ["操作太频繁，请稍后再试", "Too many commands. Please wait a moment"],
  refused: ["平台拒绝了这条命令（{code}）", "The platform refused the command ({code})"],
};

/** The language to start with: the reader's own choice if there is one, else the browser's first that we speak. */
export function chooseLanguage(stored, preferred) {
  if (LANGUAGES.includes(stored)) return stored;
  for (const tag of preferred) {
    if (/^zh\b/i.test(tag)) return "zh-CN";
    if (/^en\b/i.test(tag)) return "en";
  }
  return preferred.length ? "en" : "zh-CN";
}

/** The other one of the two languages. */
export const otherLanguage = (language) => (language === "en" ? "zh-CN" : "en");

/** A function (key, values) -> text in `language`. Throws for a key that does not exist: that is our own slip. */
export function translator(language) {
  const column = LANGUAGES.indexOf(language);
  return (key, values = {}) =>
    WORDS[key][column].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** "3 minutes ago" for an age in seconds; empty for what has just been. */
export function ago(seconds, language) {
  const format = new Intl.RelativeTimeFormat(language);
  const past = Math.floor(seconds);
  if (past < JUST_NOW_S) return "";
  for (const [unit, size, limit] of AGES) {
    if (past < limit) return format.format(-Math.floor(past / size), unit);
  }
  return format.format(-Math.floor(past / DAY), "day");
}

const JUST_NOW_S = 10; // also for a clock that is a little behind the server's
const DAY = 86400;
const AGES = [
  ["second", 1, 60],
  ["minute", 60, 3600],
  ["hour", 3600, DAY],
];
