import { enTeach } from "./en.teach";

/** English, and the keys that every language must have. `{name}` is filled in. */
export const en = {
  language: "English",
  tagline: "reads facial expressions",
  skip: "Skip to the content",

  // Header
  "header.device": "On this device",
  "header.server": "On the server",
  "header.expressions": "Expressions",
  "header.help": "Help",
  "header.language": "Language",
  "theme.auto": "Colours as the system has them",
  "theme.light": "Light colours",
  "theme.dark": "Dark colours",
  close: "Close",

  // First-run note
  "note.title": "Before you begin",
  "note.what":
    "mien finds faces and says which of a few expressions each one looks like, with a probability, and says so when it is unsure.",
  "note.not.title": "An expression is not a feeling",
  "note.not":
    "People smile without joy and are sad without showing it. Faces differ between people, cultures and situations. Take nothing here as proof of what someone feels, thinks or intends.",
  "note.where.title": "Where it may not be used",
  "note.where":
    "In the European Union, reading emotions at work and in schools is forbidden except for medical or safety reasons (AI Act, Article 5(1)(f)). Wherever it is allowed, the people whose faces are read must be informed (Article 50(3), since 2 August 2026). Do not use it to judge, select or watch people, and ask everyone who is in the picture.",
  "note.private.title": "Nothing leaves this device",
  "note.private":
    "Camera, pictures and recordings are read here in the browser. Nothing is stored or sent, unless you choose the server, save a file yourself, or expressly agree to it.",
  "note.agree": "I understand, begin",
  "note.again": "Read the note again",

  // Sources
  "source.title": "What should mien read?",
  "source.camera": "Camera",
  "source.camera.text": "Live video",
  "source.picture": "Picture",
  "source.picture.text": "A file, or paste or drop one",
  "source.video": "Recording",
  "source.video.text": "A video file, frame by frame",
  "source.drop": "Drop a picture or a video here",
  "source.stop": "Stop",
  "source.cancel": "Cancel",
  "source.private": "Everything stays on this device.",
  "source.server": "Frames are sent to the server of this page.",

  // Stage
  "stage.label": "What is read",
  "stage.asking": "Please allow the camera.",
  "stage.asking.text": "The browser asks for it, usually at the top of the window.",
  "stage.loading": "Loading",
  "stage.loading.text": "Once only: then the page works without a network, too.",
  "stage.loading.bytes": "{loaded} of {total}",
  "stage.paused": "Paused while the page is hidden",
  "stage.reading": "Reading …",
  "stage.done": "Finished",
  "stage.cancelled": "Cancelled; what was read is kept",
  "stage.position": "{time} of {duration}",
  "stage.progress": "Progress of the recording",
  "stage.noFace": "No face in the picture",
  "stage.heat": "Where the model looks: clear = little, red = much",
  "part.runtime": "Runtime",
  "part.detector": "Face detector",
  "part.model": "Model",
  "part.graphics": "Graphics card",

  // Switches
  "view.title": "View",
  "view.mirror": "Mirror",
  "view.heat": "Heat map",
  "view.heat.server": "The heat map needs the model on this device: the server sends none.",
  "view.landmarks": "Landmarks",
  "view.bars": "Bars",
  "view.speech": "Speak",

  // Faces
  "faces.title": "Faces",
  "faces.empty": "Faces appear here as soon as something is read.",
  "faces.none": "No face found.",
  "faces.none.text":
    "More light from the front, a face that is not turned far away, and at least 40 pixels across help.",
  "faces.face": "Face {number}",
  "faces.unsure": "unsure",
  "faces.unsure.maybe": "unsure, perhaps {label}",
  "faces.unsure.text": "No expression reaches {threshold}, so the model does not commit itself.",
  "faces.probability": "Probability of each expression",
  "faces.more.one": "{count} more face",
  "faces.more.other": "{count} more faces",

  // Words that are spoken
  "say.noFace": "no face",
  "say.unsure": "unsure",
  "say.faces.one": "{count} face: {names}",
  "say.faces.other": "{count} faces: {names}",

  // Timeline, summary, export
  "timeline.title": "Last 30 seconds",
  "timeline.empty": "The course of each expression, as soon as a camera or a recording runs.",
  "timeline.face": "Face {number}, course of the last 30 seconds; now {label}",
  "timeline.choose": "Face shown",
  "timeline.now": "now",
  "timeline.ago": "{seconds} s ago",
  "summary.title": "Session",
  "summary.empty": "Share of time of each expression.",
  "summary.time": "{time} read, {share} of it without a face",
  "summary.shares": "Share of time",
  "summary.others": "Earlier faces ({count})",
  "summary.merged": "{limit} faces are counted apart; the ones seen longest ago are put together.",
  "export.title": "Export",
  "export.csv": "Table (CSV)",
  "export.json": "Rows (JSON Lines)",
  "export.png": "Picture (PNG)",
  "export.rows.one": "{count} frame",
  "export.rows.other": "{count} frames",
  "export.thinned":
    "Long session: {kept} of {seen} frames are kept, one in {stride}, evenly over the whole time.",
  "export.earlier": "Session before: {source}",
  "export.note": "The current and the last session are kept until the page is closed.",

  // Settings
  "settings.title": "Settings",
  "settings.where": "Where faces are read",
  "settings.device": "On this device",
  "settings.device.text": "Nothing is sent anywhere.",
  "settings.server": "On the server",
  "settings.server.text": "Frames go to the server of this page, which does not store them.",
  "settings.model": "Model",
  "settings.model.line": "{parameters} parameters",
  "settings.precision": "Precision",
  "settings.int8": "Fast (int8)",
  "settings.fp32": "Exact (fp32)",
  "settings.graphics": "Graphics card (WebGPU)",
  "settings.graphics.text":
    "Fetches up to {size} the first time, and the exact model. Measures both and keeps the faster one.",
  "graphics.faster": "{wasm} ms a face with WASM, {webgpu} ms with WebGPU: using WebGPU.",
  "graphics.slower": "{wasm} ms a face with WASM, {webgpu} ms with WebGPU: staying with WASM.",
  "graphics.different": "WebGPU answers differently, by up to {difference}: staying with WASM.",
  "graphics.software":
    "The processor only imitates a graphics card here: staying with WASM. Nothing was fetched.",
  "graphics.missing": "The browser gives no graphics card: staying with WASM. Nothing was fetched.",
  "graphics.failed": "WebGPU failed: staying with WASM. {detail}",
  "graphics.lost": "The graphics card was lost: continuing with WASM. {detail}",
  "settings.camera": "Camera",
  "settings.camera.auto": "Let the browser choose",
  "settings.camera.number": "Camera {number}",
  "settings.shortcuts": "Single-key shortcuts",
  "settings.voice": "This device has no voice for English; another one may speak.",
  "token.label": "Token of the server",
  "token.text":
    "It is in the file that mien serve was given by --token-file. Here it is kept in memory only.",
  "token.send": "Connect",

  // Meter
  "meter.rate": "{rate} frames/s",
  "meter.latency": "{ms} ms",
  "meter.threads.one": "{count} thread",
  "meter.threads.other": "{count} threads",
  "meter.dropped.one": "{count} frame left out",
  "meter.dropped.other": "{count} frames left out",

  // Expressions
  "expressions.title": "The expressions",
  "expressions.text":
    "The model was taught with photographs that people had labelled. It knows these patterns of the face, nothing else. The drawings and the action units (FACS) show a textbook form; real faces seldom do.",
  "expressions.units": "Action units",
  "label.angry": "angry",
  "label.disgust": "disgusted",
  "label.fear": "fearful",
  "label.happy": "happy",
  "label.sad": "sad",
  "label.surprise": "surprised",
  "label.neutral": "neutral",
  "label.contempt": "contemptuous",
  "label.anxious": "anxious",
  "about.angry":
    "The brows are drawn down and together, the lids are tense, the lips pressed. People who concentrate or are dazzled by light look much the same.",
  "about.disgust":
    "The nose is wrinkled, the upper lip raised, the corners of the mouth drawn down. Rare in pictures and often taken for anger, by people and by models.",
  "about.fear":
    "The brows are raised and drawn together, the eyes wide open, the lips stretched sideways. The hardest one: it shares the brows and eyes of surprise.",
  "about.happy":
    "The corners of the mouth go up, the cheeks rise and wrinkle the skin beside the eyes. The easiest one to see, but a polite smile is no joy.",
  "about.sad":
    "The inner ends of the brows rise, the corners of the mouth sink, the gaze drops. A tired or resting face may look like it.",
  "about.surprise":
    "The brows are raised in a curve, the eyes wide open, the jaw drops. It lasts a moment only; a posed one stays longer.",
  "about.neutral":
    "No muscle is at work beyond its rest. It does not say that someone feels nothing, only that the face shows none of the others.",
  "unit.1": "inner brow raiser",
  "unit.2": "outer brow raiser",
  "unit.4": "brow lowerer",
  "unit.5": "upper lid raiser",
  "unit.6": "cheek raiser",
  "unit.7": "lid tightener",
  "unit.9": "nose wrinkler",
  "unit.12": "lip corner puller",
  "unit.15": "lip corner depressor",
  "unit.17": "chin raiser",
  "unit.20": "lip stretcher",
  "unit.23": "lip tightener",
  "unit.26": "jaw drop",
  "unit.none": "none",

  // Help
  "help.title": "Help",
  "help.shortcuts": "Shortcuts",
  "help.off": "The shortcuts are switched off in the settings.",
  "help.camera": "Start the camera",
  "help.file": "Choose a picture",
  "help.video": "Choose a recording",
  "help.stop": "Stop or cancel",
  "help.mirror": "Mirror the camera",
  "help.heat": "Heat map",
  "help.landmarks": "Landmarks",
  "help.speech": "Speak",
  "help.expressions": "The expressions",
  "help.teach": "Teach it",
  "help.theme": "Change colours",
  "help.help": "This help",
  "help.paste": "Paste a picture",
  "help.limits": "What is kept",
  "help.limits.text":
    "The timeline holds {span} seconds, the session up to {frames} frames; a longer one is thinned evenly, and the page says so. All of it is gone when the page is closed.",
  "help.about": "About",
  "help.about.text":
    "mien is free software under the Apache License 2.0. The page works without a network once it has been loaded, and can be installed.",
  "help.notices": "Licences of what it contains",

  // Problems: a title, what to do, and the actions
  "action.retry": "Try again",
  "action.device": "Read on this device",
  "action.server": "Read on the server",
  "action.reload": "Reload the page",
  "action.change": "Choose another source",
  "problem.detail": "Technical detail",
  "problem.no-camera": "No camera found",
  "problem.no-camera.do":
    "Plug one in or switch it on, then try again. Pictures and recordings work without one.",
  "problem.camera-denied": "The camera is not allowed",
  "problem.camera-denied.do":
    "Allow it for this page: usually with the symbol beside the address, or in the settings of the browser or the system. Then try again.",
  "problem.camera-busy": "The camera is in use",
  "problem.camera-busy.do":
    "Another program has it, perhaps a video call. Close that one and try again.",
  "problem.camera-unplugged": "The camera has gone",
  "problem.camera-unplugged.do":
    "It was unplugged or switched off. Connect it and try again; what was read is kept.",
  "problem.insecure-origin": "No camera on this address",
  "problem.insecure-origin.do":
    "Browsers give the camera only to pages from https:// or from localhost. Open the page that way; mien serve --tls-cert and --tls-key make it so. Pictures and recordings work here, too.",
  "problem.model-missing": "The model cannot be loaded",
  "problem.model-missing.do":
    "A file is missing beside this page, or the network is away. Try again; whoever runs the page finds the name of the file below.",
  "problem.model-corrupt": "The model is damaged",
  "problem.model-corrupt.do":
    "A file is not the one that its checksum names. Try again: it will be fetched again. If that does not help, the copy on the server is damaged.",
  "problem.wasm-blocked": "The browser does not allow WebAssembly",
  "problem.wasm-blocked.do":
    "A policy or a very strict protection setting forbids it. Allow it for this page, use another browser, or read on the server.",
  "problem.out-of-memory": "The memory is full",
  "problem.out-of-memory.do":
    "Close other tabs and programs, then reload. A smaller model or picture needs less.",
  "problem.server-lost": "The server does not answer",
  "problem.server-lost.do":
    "It was stopped, or the network is away. Try again, or read on this device.",
  "problem.server-refused": "The server wants a token",
  "problem.server-refused.do": "Type the token of this server, or read on this device.",
  "problem.server-forbidden": "The server does not admit this page",
  "problem.server-forbidden.do":
    "It does not know this address as its own. Open the page under the address that mien serve printed, or allow this one with --public-url; or read on this device.",
  "problem.server-busy": "The server is busy",
  "problem.server-busy.do":
    "It has as many connections as it allows. Wait a moment and try again, or read on this device.",
  "problem.server-too-large": "This is too large for the server",
  "problem.server-too-large.do":
    "It takes less than the smallest version of this frame. Choose something smaller, or read on this device; what was read is kept.",
  "problem.picture-unreadable": "This picture cannot be read",
  "problem.picture-unreadable.do":
    "It is damaged, or of a kind that this browser does not know. Save it as JPEG or PNG; photos of an iPhone (HEIC) as JPEG.",
  "problem.picture-too-large": "This picture is too large",
  "problem.picture-too-large.do":
    "At most {megapixels} megapixels are read. Make it smaller first.",
  "problem.video-unplayable": "This recording cannot be played",
  "problem.video-unplayable.do":
    "The browser does not know its format. MP4 with H.264 and WebM play nearly everywhere; mien analyze on the command line reads more.",
  "problem.file-unknown": "Neither a picture nor a recording",
  "problem.file-unknown.do": "Choose a picture (JPEG, PNG, WebP) or a video (MP4, WebM).",
  "problem.defect": "Something is wrong in this page",
  "problem.defect.do":
    "This should not happen. Reload; if it comes again, please report the detail below.",
  "update.text": "A newer version of this page is ready.",
  "update.reload": "Reload",
  "storage.text": "This browser does not keep settings; they last until the page is closed.",
  ...enTeach,
} as const;
