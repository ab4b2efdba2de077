/** Deutsch, die Ansicht „Anlernen“. */
export const deTeach = {
  "teach.title": "Anlernen",
  "teach.view.label": "Benennen",
  "teach.view.kept": "Was aufgehoben ist",
  "teach.view.fit": "Modell anpassen",
  "teach.lead":
    "Sie können Bilder Ihres eigenen Gesichts benennen. Später lässt sich die letzte Schicht des Modells daran anpassen, damit es Ihr Gesicht besser liest. Ein Name sagt, welchen Ausdruck ein Bild zeigt, nicht, was Sie fühlen.",
  "teach.say.sent.title": "Was verschickt wird",
  "teach.say.sent":
    "Nur wenn Sie einen Namen vergeben: der Teil des Bildes um das gewählte Gesicht, die Lage des Gesichts darin und der Name. Er geht an den Server, von dem diese Seite kommt.",
  "teach.say.kept.title": "Was aufgehoben wird",
  "teach.say.kept":
    "Ein grauer Ausschnitt des Gesichts, 48 × 48 Bildpunkte, mit seinem Namen und seiner Sitzung. Zur Sitzung diese Worte, ihre Fassung und der Zeitpunkt Ihrer Einwilligung.",
  "teach.say.not.title": "Was nicht aufgehoben wird",
  "teach.say.not": "Das verschickte Bild, die Lage des Gesichts darin und wie jemand heißt.",
  "teach.say.where.title": "Wo, und wer es sehen kann",
  "teach.say.where":
    "Auf dem Rechner, auf dem mien serve läuft. Wer diesen Server benutzen darf oder betreibt, kann alle Ausschnitte sehen und löschen. Ein Gesicht ist darin zu erkennen.",
  "teach.say.delete.title": "Wie man löscht",
  "teach.say.delete":
    "Jederzeit unter „Was aufgehoben ist“: einen Ausschnitt, eine Sitzung samt Einwilligung oder alles. Gelöschtes wird überschrieben.",
  "teach.say.reach.title": "Was das Löschen nicht erreicht",
  "teach.say.reach":
    "Modelle, die schon an die Ausschnitte angepasst oder ausgegeben wurden: Sie ändern sich nicht, wenn die Ausschnitte gelöscht werden. Auch Sicherungen und andere Kopien, die jemand gemacht hat, bleiben.",
  "teach.say.whose.title": "Wessen Gesicht",
  "teach.say.whose":
    "Nur Ihr eigenes. Eine andere Person beginnt eine eigene Sitzung, nachdem sie dies gelesen hat.",
  "teach.agree":
    "Ich habe das gelesen und willige ein, dass die Ausschnitte, die ich in dieser Sitzung benenne, so aufgehoben werden.",
  "teach.before": "Vor Ihrer Einwilligung wird nichts verschickt.",
  "teach.begin": "Sitzung beginnen",
  "teach.decline": "Nein, danke",
  "teach.take": "Dieses Bild nehmen",
  "teach.another": "Anderes Bild",
  "teach.file": "Bild aus einer Datei",
  "teach.live": "Live; nichts wird verschickt",
  "teach.still": "Das Bild, das benannt wird",
  "teach.noFace": "Auf diesem Bild ist kein Gesicht. Nehmen Sie ein anderes.",
  "teach.face.choose": "Welches Gesicht?",
  "teach.crop": "Der Ausschnitt, der aufgehoben wird: 48 × 48 graue Bildpunkte",
  "teach.which": "Welchen Ausdruck zeigt es?",
  "teach.which.text":
    "Es zählt, was zu sehen ist, nicht, was jemand fühlt. Aufgehoben wird dieser Ausschnitt.",
  "teach.done":
    "Dieses Gesicht ist als „{label}“ aufgehoben. Machen Sie das rückgängig, um einen anderen Namen zu wählen.",
  "teach.sending": "„{label}“ wird verschickt …",
  "teach.unsent": "„{label}“ ist noch nicht verschickt.",
  "teach.resend": "Noch einmal senden",
  "teach.discard": "Verwerfen",
  "teach.undo": "Rückgängig",
  "teach.end": "Sitzung beenden",
  "teach.notice.begun":
    "Die Sitzung hat begonnen. Verschickt wird erst etwas, wenn Sie einen Namen vergeben.",
  "teach.notice.ended":
    "Die Sitzung ist beendet. Was aufgehoben ist, bleibt, bis es gelöscht wird.",
  "teach.notice.kept": "Aufgehoben als „{label}“.",
  "teach.notice.undone": "Rückgängig gemacht: Der Ausschnitt „{label}“ ist gelöscht.",
  "teach.notice.deleted": "Gelöscht: {what}.",
  "teach.server": "Der Server sagt:",
  "teach.reach":
    "Modelle, die schon an gelöschte Ausschnitte angepasst oder ausgegeben wurden, ändern sich nicht. Löschen Sie sie auch, oder passen Sie neu an.",
  "teach.samples.one": "{count} Ausschnitt",
  "teach.samples.other": "{count} Ausschnitte",
  "teach.sessions.one": "{count} Sitzung",
  "teach.sessions.other": "{count} Sitzungen",
  "teach.counts": "Ausschnitte je Name: in dieser Sitzung / insgesamt",
  "teach.counts.sum": "alle Namen",
  "teach.advice.missing": "Noch nicht in dieser Sitzung: {labels}.",
  "teach.advice.complete": "Diese Sitzung hat alle Namen.",
  "teach.advice.sessions.one":
    "{count} Sitzung hat Ausschnitte. Nötig sind mindestens zwei, besser fünf: an verschiedenen Tagen, in verschiedenem Licht, mit allen Namen in jeder.",
  "teach.advice.sessions.other":
    "{count} Sitzungen haben Ausschnitte. Nötig sind mindestens zwei, besser fünf: an verschiedenen Tagen, in verschiedenem Licht, mit allen Namen in jeder.",
  "teach.listing": "Der Server wird gefragt …",
  "teach.kept.empty": "Nichts ist aufgehoben: kein Ausschnitt und keine Einwilligung.",
  "teach.session.from": "Sitzung vom {time}",
  "teach.session.own": "diese Sitzung",
  "teach.session.empty": "Keine Ausschnitte, nur die Einwilligung",
  "teach.session.show": "Ausschnitte zeigen",
  "teach.session.hide": "Ausschnitte verbergen",
  "teach.session.new": "Neue Sitzung beginnen",
  "teach.more": "Mehr zeigen",
  "teach.thumb": "Ausschnitt „{label}“",
  "teach.delete.crop": "Diesen Ausschnitt „{label}“ löschen",
  "teach.delete.session": "Sitzung löschen",
  "teach.delete.session.sure":
    "Diese Sitzung mit ihrer Einwilligung und {crops} löschen? Das lässt sich nicht zurückholen.",
  "teach.delete.all": "Alles löschen",
  "teach.delete.all.sure":
    "{what} samt allen Einwilligungen löschen, von allen, die hier angelernt haben? Das lässt sich nicht zurückholen.",
  "teach.delete.yes": "Ja, löschen",
  "teach.delete.no": "Nein, behalten",
  "teach.fit.text":
    "Angepasst wird auf der Kommandozeile, auf dem Rechner, auf dem mien serve läuft. Das dauert Minuten und braucht keine Grafikkarte.",
  "teach.fit.train": "Die letzte Schicht an das anpassen, was aufgehoben ist:",
  "teach.fit.names":
    "DIR ist der Ordner, der mien serve --collect genannt wurde. „default“ ist das Modell, das mit mien kommt; nennen Sie ein anderes, wenn das angepasst werden soll. Mit einem Ensemble geht es nicht.",
  "teach.fit.serve": "Ist es besser geworden, das angepasste Modell benutzen:",
  "teach.fit.held":
    "Ein Fünftel der Sitzungen, mindestens eine, wird zurückgehalten. mien nennt, wie viele ihrer Ausschnitte vorher und nachher richtig gelesen wurden; sind es weniger als vorher, sagt es das und schreibt kein Modell.",
  "teach.fit.reach":
    "Das Löschen von Ausschnitten erreicht keine Modelle, die schon angepasst oder ausgegeben wurden. Im angepassten Modell sind keine Ausschnitte, aber es ist aus ihnen gemacht: Löschen Sie auch seinen Ordner, wenn nichts bleiben soll.",
  "teach.copy": "Kopieren",
  "teach.copied": "Kopiert",
  "teach.problem.lost": "Der Server antwortet nicht",
  "teach.problem.lost.do":
    "Er wurde beendet, oder das Netz ist weg. Hier geht nichts verloren; versuchen Sie es noch einmal.",
  "teach.problem.token": "Der Server verlangt sein Token",
  "teach.problem.token.do":
    "Geben Sie das Token dieses Servers ein. Hier geht nichts verloren; danach geht es weiter.",
  "teach.problem.forbidden": "Der Server lässt diese Seite nicht zu",
  "teach.problem.forbidden.do":
    "Öffnen Sie die Seite unter der Adresse, die mien serve genannt hat, und lernen Sie dort an.",
  "teach.problem.consent": "Die Einwilligung dieser Sitzung gilt nicht mehr",
  "teach.problem.consent.do":
    "Die Sitzung wurde gelöscht, oder sie begann mit anderen Worten. Beginnen Sie eine neue; der nicht verschickte Name ist noch hier.",
  "teach.problem.gone": "Das gibt es nicht mehr",
  "teach.problem.gone.do": "Es wurde schon gelöscht, vielleicht von jemand anderem.",
  "teach.problem.off": "Der Server sammelt nicht mehr",
  "teach.problem.off.do":
    "Er wurde ohne --collect gestartet. Was er vorher aufgehoben hat, liegt noch in seinem Ordner; wer ihn betreibt, kann ihn wieder mit --collect starten.",
  "teach.problem.session-full": "Diese Sitzung ist voll",
  "teach.problem.session-full.do":
    "Sie hat so viele Ausschnitte, wie der Server zulässt. Beginnen Sie eine neue; der nicht verschickte Name ist noch hier.",
  "teach.problem.sessions-full": "Mehr Sitzungen lässt der Server nicht zu",
  "teach.problem.sessions-full.do":
    "Löschen Sie eine, die nicht mehr gebraucht wird, dann beginnen Sie noch einmal.",
  "teach.problem.samples-full": "Mehr Ausschnitte lässt der Server nicht zu",
  "teach.problem.samples-full.do":
    "Löschen Sie welche, die nicht mehr gebraucht werden, dann senden Sie noch einmal.",
  "teach.problem.bytes-full": "Größer darf die Datei der Ausschnitte nicht werden",
  "teach.problem.bytes-full.do":
    "Löschen Sie welche, die nicht mehr gebraucht werden, dann senden Sie noch einmal.",
  "teach.problem.too-large": "Das Bild ist zu groß für den Server",
  "teach.problem.too-large.do":
    "Verwerfen Sie den Namen, und nehmen Sie ein Bild, auf dem das Gesicht kleiner ist.",
  "teach.problem.format": "Der Server kennt das Format des Bildes nicht",
  "teach.problem.format.do":
    "Seite und Server sind vielleicht von verschiedenen Fassungen. Laden Sie die Seite neu.",
  "teach.problem.unreadable": "Der Server kann das Bild nicht lesen",
  "teach.problem.unreadable.do":
    "Es wurde unterwegs beschädigt oder hat zu viele Bildpunkte. Senden Sie noch einmal, oder verwerfen Sie den Namen und nehmen Sie ein anderes Bild.",
  "teach.problem.busy": "Der Server ist ausgelastet",
  "teach.problem.busy.do":
    "Mehr Bilder auf einmal nimmt er nicht an. Warten Sie kurz, dann noch einmal.",
  "teach.problem.refused": "Der Server lehnt das ab",
  "teach.problem.refused.do":
    "Seite und Server sind vielleicht von verschiedenen Fassungen, oder das Gesicht liegt am Rand des Bildes. Die Angabe sagt mehr.",
  "teach.problem.defect": "Auf dieser Seite ist etwas schiefgegangen",
  "teach.problem.defect.do":
    "Das sollte nicht vorkommen. Nehmen Sie ein anderes Bild; kommt es wieder, melden Sie bitte die Angabe unten.",
} as const;
