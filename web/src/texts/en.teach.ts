/** English of the view "Teach it"; see en.ts. */
export const enTeach = {
  "teach.title": "Teach it",
  "teach.view.label": "Label",
  "teach.view.kept": "What is kept",
  "teach.view.fit": "Fit the model",
  "teach.lead":
    "You can label pictures of your own face. Later the last layer of the model can be fitted to them, so that it reads your face better. A label says which expression a picture shows, not what you feel.",
  "teach.say.sent.title": "What is sent",
  "teach.say.sent":
    "Only when you give a label: the part of the picture around the chosen face, where the face lies in it, and the label. It goes to the server that this page is from.",
  "teach.say.kept.title": "What is kept",
  "teach.say.kept":
    "A grey crop of the face, 48 × 48 pixels, with its label and its session. For the session these words, their version, and when you agreed to them.",
  "teach.say.not.title": "What is not kept",
  "teach.say.not": "The picture that was sent, where in it the face was, and any name.",
  "teach.say.where.title": "Where, and who can see it",
  "teach.say.where":
    "On the machine that runs mien serve. Whoever may use this server, and whoever runs it, can see and delete all crops. A face can be recognised in them.",
  "teach.say.delete.title": "How to delete",
  "teach.say.delete":
    "At any time under “What is kept”: one crop, a session with its record of consent, or everything. What is deleted is overwritten.",
  "teach.say.reach.title": "What deletion does not reach",
  "teach.say.reach":
    "Models that were already fitted to the crops or exported: they are not changed when the crops are deleted. Nor does it reach backups and other copies that someone made.",
  "teach.say.whose.title": "Whose face",
  "teach.say.whose": "Your own only. Another person begins another session, after reading this.",
  "teach.agree":
    "I have read this, and I agree that the crops which I label in this session are kept as it says.",
  "teach.before": "Nothing is sent before you agree.",
  "teach.begin": "Begin a session",
  "teach.decline": "No, thank you",
  "teach.take": "Take this picture",
  "teach.another": "Another picture",
  "teach.file": "Picture from a file",
  "teach.live": "Live; nothing is sent",
  "teach.still": "The picture to be labelled",
  "teach.noFace": "There is no face in this picture. Take another one.",
  "teach.face.choose": "Which face?",
  "teach.crop": "The crop that will be kept, 48 × 48 grey pixels",
  "teach.which": "Which expression does it show?",
  "teach.which.text":
    "Go by what can be seen, not by what is felt. This crop is what will be kept.",
  "teach.done": "This face is kept as “{label}”. Undo that to choose another label.",
  "teach.sending": "Sending “{label}” …",
  "teach.unsent": "“{label}” is not sent yet.",
  "teach.resend": "Send again",
  "teach.discard": "Discard",
  "teach.undo": "Undo",
  "teach.end": "End this session",
  "teach.notice.begun": "The session has begun. Nothing is sent until you give a label.",
  "teach.notice.ended": "The session has ended. What was kept stays until it is deleted.",
  "teach.notice.kept": "Kept as “{label}”.",
  "teach.notice.undone": "Undone: the crop labelled “{label}” is deleted.",
  "teach.notice.deleted": "Deleted: {what}.",
  "teach.server": "The server says:",
  "teach.reach":
    "Models that were already fitted to deleted crops or exported are not changed. Delete them too, or fit again.",
  "teach.samples.one": "{count} crop",
  "teach.samples.other": "{count} crops",
  "teach.sessions.one": "{count} session",
  "teach.sessions.other": "{count} sessions",
  "teach.counts": "Crops of each label: in this session / in all",
  "teach.counts.sum": "all labels",
  "teach.advice.missing": "Not in this session yet: {labels}.",
  "teach.advice.complete": "This session has all labels.",
  "teach.advice.sessions.one":
    "{count} session has crops. It takes two at least, better five: on different days, in different light, with all labels in each.",
  "teach.advice.sessions.other":
    "{count} sessions have crops. It takes two at least, better five: on different days, in different light, with all labels in each.",
  "teach.listing": "Asking the server …",
  "teach.kept.empty": "Nothing is kept: no crop and no record of consent.",
  "teach.session.from": "Session of {time}",
  "teach.session.own": "this session",
  "teach.session.empty": "No crops, only the record of consent",
  "teach.session.show": "Show crops",
  "teach.session.hide": "Hide crops",
  "teach.session.new": "Begin a new session",
  "teach.more": "Show more",
  "teach.thumb": "Crop labelled “{label}”",
  "teach.delete.crop": "Delete this crop, labelled “{label}”",
  "teach.delete.session": "Delete session",
  "teach.delete.session.sure":
    "Delete this session, its record of consent and {crops}? They cannot be brought back.",
  "teach.delete.all": "Delete everything",
  "teach.delete.all.sure":
    "Delete {what}, with all records of consent, of everyone who taught here? They cannot be brought back.",
  "teach.delete.yes": "Yes, delete",
  "teach.delete.no": "No, keep",
  "teach.fit.text":
    "The model is fitted on the command line, on the machine that runs mien serve. It takes minutes and no graphics card.",
  "teach.fit.train": "Fit the last layer to what is kept:",
  "teach.fit.names":
    "DIR is the folder that was given to mien serve --collect. “default” is the model that comes with mien; name another one if that is to be fitted. An ensemble cannot be.",
  "teach.fit.serve": "If it got better, serve the fitted model:",
  "teach.fit.held":
    "A fifth of the sessions, one at least, is held out. mien tells how many of their crops were read rightly before and after; if there are fewer than before, it says so and writes no model.",
  "teach.fit.reach":
    "Deleting crops does not reach models that were already fitted or exported. The fitted model holds no crops, but it was made from them: delete its folder, too, if you want nothing left.",
  "teach.copy": "Copy",
  "teach.copied": "Copied",
  "teach.problem.lost": "The server does not answer",
  "teach.problem.lost.do":
    "It was stopped, or the network is away. Nothing is lost here; try again.",
  "teach.problem.token": "The server wants its token",
  "teach.problem.token.do":
    "Type the token of this server. Nothing is lost here; it goes on afterwards.",
  "teach.problem.forbidden": "The server does not allow this page",
  "teach.problem.forbidden.do":
    "Open the page at the address that mien serve printed, then teach there.",
  "teach.problem.consent": "The consent of this session no longer counts",
  "teach.problem.consent.do":
    "The session was deleted, or it began with other words. Begin a new one; the label that was not sent is still here.",
  "teach.problem.gone": "It is not there any more",
  "teach.problem.gone.do": "It was deleted already, perhaps by someone else.",
  "teach.problem.off": "The server no longer collects",
  "teach.problem.off.do":
    "It was started without --collect. What it kept before still lies in its folder; whoever runs it can start it with --collect again.",
  "teach.problem.session-full": "This session is full",
  "teach.problem.session-full.do":
    "It has as many crops as the server allows. Begin a new one; the label that was not sent is still here.",
  "teach.problem.sessions-full": "There are as many sessions as the server allows",
  "teach.problem.sessions-full.do": "Delete one that is no longer needed, then begin again.",
  "teach.problem.samples-full": "There are as many crops as the server allows",
  "teach.problem.samples-full.do": "Delete some that are no longer needed, then send again.",
  "teach.problem.bytes-full": "The file of crops is as large as the server allows",
  "teach.problem.bytes-full.do": "Delete some that are no longer needed, then send again.",
  "teach.problem.too-large": "The picture is too large for the server",
  "teach.problem.too-large.do":
    "Discard the label and take a picture in which the face is smaller.",
  "teach.problem.format": "The server does not know the format of the picture",
  "teach.problem.format.do":
    "The page and the server may be of different versions. Reload the page.",
  "teach.problem.unreadable": "The server cannot read the picture",
  "teach.problem.unreadable.do":
    "It was damaged on its way, or has too many pixels. Send it again, or discard the label and take another picture.",
  "teach.problem.busy": "The server is busy",
  "teach.problem.busy.do": "It has as many uploads as it allows. Wait a moment, then try again.",
  "teach.problem.refused": "The server refuses this",
  "teach.problem.refused.do":
    "The page and the server may be of different versions, or this face lies at the edge of the picture. The detail says more.",
  "teach.problem.defect": "Something is wrong in this page",
  "teach.problem.defect.do":
    "This should not happen. Take another picture; if it comes again, please report the detail below.",
} as const;
