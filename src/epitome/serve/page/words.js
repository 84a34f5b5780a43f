// What the page says, in English and Chinese.

import { storage } from "./storage.js";

const WORDS = {
  en: {
    other: "中文",
    skip: "To the summary",
    menu: "Menu",
    history: "History",
    key: "Key",
    shortcuts: "Shortcuts",
    promise: "A summary you can check",
    "promise-more": "Every sentence beside the words it rests on. Your text goes to this server and nowhere else.",
    text: "Text to summarise",
    "text-here": "Paste a text here",
    choose: "Choose a file",
    drop: "or drop one:",
    "drop-now": "Drop it: it will be read",
    address: "Or an address",
    read: "Read",
    document: "Document",
    "document-text": "Text of the document",
    edit: "Edit",
    another: "New document",
    style: "Style",
    "style-": "As it suits",
    "style-sentence": "One sentence",
    "style-paragraph": "Paragraph",
    "style-bullets": "Bullet points",
    "style-headline": "Headline",
    "style-tldr": "TL;DR",
    length: "Length",
    "length-": "As it suits",
    "length-15-30": "Short: 15–30 words",
    "length-40-70": "Medium: 40–70 words",
    "length-90-140": "Long: 90–140 words",
    "length-own": "Set bounds",
    least: "At least (words)",
    most: "At most (words)",
    focus: "Focus",
    "focus-here": "A question or a topic to keep to",
    more: "More options",
    mention: "Must mention",
    "mention-here": "Terms, with commas between",
    adapter: "Adapter",
    "adapter-": "As it suits",
    "adapter-none": "None",
    language: "Language of the summary",
    "language-": "The document's own",
    go: "Summarise",
    stop: "Stop",
    reading: "Reading the document",
    writing: "Writing",
    stopped: "Stopped.",
    ready: "Summary ready.",
    summary: "Summary",
    empty: "It will stand here. Point at a sentence to see its sources in the document.",
    again: "Try again",
    doubts: "Not borne out by the document",
    "says-instead": "the document says",
    "says-nothing": "the document does not say this",
    weak: "Little in the document supports this sentence",
    number: "number",
    date: "date",
    person: "name",
    quotation: "quotation",
    negation: "negation",
    opposite: "opposite",
    "not-in-document": "not in the document",
    unmet: "Not met",
    keep: "Keep the summary",
    copy: "Copy",
    copied: "Copied.",
    opinion: "Is it good?",
    up: "Yes",
    down: "No",
    comment: "What should be better?",
    send: "Send",
    thanks: "Thank you.",
    "rests-on": "Rests on",
    "rests-on-nothing": "No passage of the document comes near.",
    "to-document": "Show in the document",
    close: "Close",
    cancel: "Cancel",
    page: "page {0}",
    pages: "{0} pages",
    words: "{0} words",
    characters: "{0} characters",
    "read-all": "read whole",
    "read-share": "{0} of the document read",
    copies: "sentences copied from the document",
    "took-seconds": "{0} s",
    "key-title": "A key, please",
    "key-why": "This service answers to whoever has a key: ask those who run it. (The first one lies in epitome-data/key.txt on the server.) This tab keeps yours until it is closed.",
    "key-wrong": "The service does not know this key.",
    "key-use": "Use this key",
    "key-forget": "Forget the key",
    "history-where": "In this browser only, never on the server.",
    "history-on": "Keep summaries and their documents here",
    "history-none": "Nothing is kept.",
    "history-clear": "Remove all",
    "history-full": "The browser has no room for more history.",
    "keys-go": "summarise",
    "keys-stop": "stop, or close what is open",
    "keys-walk": "from sentence to sentence",
    "keys-source": "from a sentence to its source",
    "keys-back": "from the source back to its sentence",
    "keys-pages": "scroll the document, once it has the focus",
    "enter-key": "Enter",
    "error-network": "The service cannot be reached. Is it running, and are you online?",
    "error-broken": "The answer broke off. The service may have been stopped.",
    "error-nothing": "There is nothing to summarise yet: paste a text, choose a file or give an address.",
    "error-url": "An address begins with http:// or https://.",
    "error-bounds": "The least must not be more than the most.",
    "error-400": "The service cannot do what is asked.",
    "error-401": "The service does not know this key.",
    "error-413": "This is too large: the service takes up to 16 MB.",
    "error-422": "The document cannot be read.",
    "error-429": "The service is busy. Try again in {0} seconds.",
    "error-500": "Something failed in the service. It is not your document's fault.",
    "error-copy": "The browser does not let the page copy. Mark the text and copy it.",
  },
  zh: {
    other: "English",
    skip: "跳到摘要",
    menu: "菜单",
    history: "历史记录",
    key: "密钥",
    shortcuts: "快捷键",
    promise: "可以核对的摘要",
    "promise-more": "每一句都与原文依据并列。文本只发送到这台服务器，不会去别处。",
    text: "要摘要的文本",
    "text-here": "在此粘贴文本",
    choose: "选择文件",
    drop: "或拖放到这里：",
    "drop-now": "松开即可读取",
    address: "或输入网址",
    read: "读取",
    document: "原文",
    "document-text": "原文内容",
    edit: "编辑",
    another: "换一篇",
    style: "形式",
    "style-": "自动",
    "style-sentence": "一句话",
    "style-paragraph": "一段话",
    "style-bullets": "要点列表",
    "style-headline": "标题",
    "style-tldr": "极简概括",
    length: "长度",
    "length-": "自动",
    "length-15-30": "短：15–30 词（字）",
    "length-40-70": "中：40–70 词（字）",
    "length-90-140": "长：90–140 词（字）",
    "length-own": "自定范围",
    least: "至少（词或字）",
    most: "至多（词或字）",
    focus: "重点",
    "focus-here": "想了解的问题或主题",
    more: "更多要求",
    mention: "必须提到",
    "mention-here": "词语，用逗号隔开",
    adapter: "适配器",
    "adapter-": "自动",
    "adapter-none": "不用",
    language: "摘要的语言",
    "language-": "与原文相同",
    go: "生成摘要",
    stop: "停止",
    reading: "正在读取原文",
    writing: "正在撰写",
    stopped: "已停止。",
    ready: "摘要已完成。",
    summary: "摘要",
    empty: "摘要会显示在这里。指向某一句，即可在原文中看到它的依据。",
    again: "再试一次",
    doubts: "原文没有依据的内容",
    "says-instead": "原文说的是",
    "says-nothing": "原文没有这样说",
    weak: "原文对这一句支持很少",
    number: "数字",
    date: "日期",
    person: "名称",
    quotation: "引文",
    negation: "否定",
    opposite: "相反",
    "not-in-document": "原文中没有",
    unmet: "未满足",
    keep: "保存摘要",
    copy: "复制",
    copied: "已复制。",
    opinion: "这份摘要好吗？",
    up: "好",
    down: "不好",
    comment: "哪里需要改进？",
    send: "发送",
    thanks: "谢谢。",
    "rests-on": "依据",
    "rests-on-nothing": "原文中没有相近的段落。",
    "to-document": "在原文中查看",
    close: "关闭",
    cancel: "取消",
    page: "第 {0} 页",
    pages: "{0} 页",
    words: "{0} 词",
    characters: "{0} 字",
    "read-all": "已通读全文",
    "read-share": "读了原文的 {0}",
    copies: "句子摘自原文",
    "took-seconds": "{0} 秒",
    "key-title": "请输入密钥",
    "key-why": "持有密钥者才能使用此服务，请向管理者索取。（第一个密钥在服务器的 epitome-data/key.txt 中。）密钥只保存在此标签页，关闭即忘。",
    "key-wrong": "服务不认识这个密钥。",
    "key-use": "使用此密钥",
    "key-forget": "忘记密钥",
    "history-where": "只保存在这个浏览器里，从不在服务器上。",
    "history-on": "在这里保存摘要及其原文",
    "history-none": "没有保存任何内容。",
    "history-clear": "全部删除",
    "history-full": "浏览器没有空间保存更多历史记录。",
    "keys-go": "生成摘要",
    "keys-stop": "停止，或关闭已打开的窗口",
    "keys-walk": "在句子之间移动",
    "keys-source": "从句子跳到它的依据",
    "keys-back": "从依据回到句子",
    "keys-pages": "焦点在原文时滚动原文",
    "enter-key": "回车",
    "error-network": "无法连接服务。它在运行吗？网络正常吗？",
    "error-broken": "回答中断了。服务可能已停止。",
    "error-nothing": "还没有可摘要的内容：请粘贴文本、选择文件或输入网址。",
    "error-url": "网址以 http:// 或 https:// 开头。",
    "error-bounds": "下限不能大于上限。",
    "error-400": "服务无法完成这个要求。",
    "error-401": "服务不认识这个密钥。",
    "error-413": "太大了：服务最多接收 16 MB。",
    "error-422": "无法读取这份文档。",
    "error-429": "服务繁忙。请在 {0} 秒后再试。",
    "error-500": "服务内部出错，与您的文档无关。",
    "error-copy": "浏览器不允许复制。请选中文字后自行复制。",
  },
};

const KEPT = "epitome.interface";
let tongue = storage.getItem(KEPT);
if (!(tongue in WORDS)) tongue = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";

// Takes the words of another page beside these.
export function learn(more) {
  for (const [name, words] of Object.entries(more)) Object.assign(WORDS[name], words);
}

// The words for `key`, with what stands in {0}, {1} put in.
export function say(key, ...values) {
  return WORDS[tongue][key].replace(/\{(\d)\}/g, (_, at) => values[at]);
}

export function number(value, options) {
  return new Intl.NumberFormat(locale(), options).format(value);
}

export function percent(value) {
  // Rounded down: 99.9 % is not the whole.
  return number(Math.floor(value * 100) / 100, { style: "percent" });
}

export function locale() {
  return tongue === "zh" ? "zh-CN" : "en";
}

// A language by its code, in the page's own.
export function languageName(code) {
  try {
    return new Intl.DisplayNames(locale(), { type: "language" }).of(code);
  } catch {
    return code;
  }
}

// Fills in every word of the page.
export function speak() {
  document.documentElement.lang = locale();
  for (const node of document.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  for (const node of document.querySelectorAll("[data-say-placeholder]")) {
    node.placeholder = say(node.dataset.sayPlaceholder);
  }
  for (const node of document.querySelectorAll("[data-say-label]")) {
    node.setAttribute("aria-label", say(node.dataset.sayLabel));
  }
}

// Changes to the other language.
export function turn() {
  tongue = tongue === "zh" ? "en" : "zh";
  storage.setItem(KEPT, tongue);
  speak();
}
