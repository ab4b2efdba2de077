import { deTeach } from "./de.teach";
import type { Texts } from "./type";

/** Deutsch. */
export const de: Texts = {
  language: "Deutsch",
  tagline: "liest Gesichtsausdrücke",
  skip: "Zum Inhalt springen",

  "header.device": "Auf diesem Gerät",
  "header.server": "Auf dem Server",
  "header.expressions": "Ausdrücke",
  "header.help": "Hilfe",
  "header.language": "Sprache",
  "theme.auto": "Farben wie im System",
  "theme.light": "Helle Farben",
  "theme.dark": "Dunkle Farben",
  close: "Schließen",

  "note.title": "Bevor es losgeht",
  "note.what":
    "mien findet Gesichter und nennt zu jedem den Ausdruck, dem es am ehesten gleicht, samt Wahrscheinlichkeit. Ist das Modell unsicher, sagt es das.",
  "note.not.title": "Ein Ausdruck ist kein Gefühl",
  "note.not":
    "Menschen lächeln ohne Freude und trauern, ohne dass man es sieht. Gesichter unterscheiden sich je nach Mensch, Kultur und Lage. Nichts hier beweist, was jemand fühlt, denkt oder vorhat.",
  "note.where.title": "Wo es nicht benutzt werden darf",
  "note.where":
    "In der Europäischen Union ist das Erkennen von Emotionen am Arbeitsplatz und in Bildungseinrichtungen verboten, außer aus medizinischen Gründen oder zur Sicherheit (KI-Verordnung, Artikel 5 Absatz 1 Buchstabe f). Wo es erlaubt ist, müssen die Menschen, deren Gesichter gelesen werden, darüber informiert werden (Artikel 50 Absatz 3, seit dem 2. August 2026). Beurteilen, überwachen oder sortieren Sie damit niemanden, und fragen Sie alle, die im Bild sind.",
  "note.private.title": "Nichts verlässt dieses Gerät",
  "note.private":
    "Kamera, Bilder und Aufnahmen werden hier im Browser gelesen. Nichts wird gespeichert oder verschickt, es sei denn, Sie wählen den Server, sichern selbst eine Datei oder willigen ausdrücklich ein.",
  "note.agree": "Verstanden, los geht’s",
  "note.again": "Hinweis noch einmal lesen",

  "source.title": "Was soll mien lesen?",
  "source.camera": "Kamera",
  "source.camera.text": "Live-Video",
  "source.picture": "Bild",
  "source.picture.text": "Als Datei, eingefügt oder hergezogen",
  "source.video": "Aufnahme",
  "source.video.text": "Eine Videodatei, Bild für Bild",
  "source.drop": "Bild oder Video hier ablegen",
  "source.stop": "Anhalten",
  "source.cancel": "Abbrechen",
  "source.private": "Alles bleibt auf diesem Gerät.",
  "source.server": "Die Bilder gehen an den Server dieser Seite.",

  "stage.label": "Was gelesen wird",
  "stage.asking": "Bitte die Kamera erlauben.",
  "stage.asking.text": "Der Browser fragt danach, meist oben im Fenster.",
  "stage.loading": "Wird geladen",
  "stage.loading.text": "Nur beim ersten Mal: Danach funktioniert die Seite auch ohne Netz.",
  "stage.loading.bytes": "{loaded} von {total}",
  "stage.paused": "Pause, solange die Seite verdeckt ist",
  "stage.reading": "Wird gelesen …",
  "stage.done": "Fertig",
  "stage.cancelled": "Abgebrochen; das Gelesene bleibt erhalten",
  "stage.position": "{time} von {duration}",
  "stage.progress": "Fortschritt der Aufnahme",
  "stage.noFace": "Kein Gesicht im Bild",
  "stage.heat": "Wohin das Modell schaut: durchsichtig = wenig, rot = viel",
  "part.runtime": "Laufzeitumgebung",
  "part.detector": "Gesichtssuche",
  "part.model": "Modell",
  "part.graphics": "Grafikkarte",

  "view.title": "Ansicht",
  "view.mirror": "Spiegeln",
  "view.heat": "Wärmebild",
  "view.heat.server":
    "Das Wärmebild braucht das Modell auf diesem Gerät: Der Server schickt keines.",
  "view.landmarks": "Punkte",
  "view.bars": "Balken",
  "view.speech": "Vorlesen",

  "faces.title": "Gesichter",
  "faces.empty": "Hier erscheinen die Gesichter, sobald etwas gelesen wird.",
  "faces.none": "Kein Gesicht gefunden.",
  "faces.none.text":
    "Es hilft mehr Licht von vorn, ein nicht zu weit abgewandtes Gesicht und eine Breite von mindestens 40 Pixeln.",
  "faces.face": "Gesicht {number}",
  "faces.unsure": "unsicher",
  "faces.unsure.maybe": "unsicher, vielleicht {label}",
  "faces.unsure.text":
    "Kein Ausdruck erreicht {threshold}, deshalb legt sich das Modell nicht fest.",
  "faces.probability": "Wahrscheinlichkeit jedes Ausdrucks",
  "faces.more.one": "{count} weiteres Gesicht",
  "faces.more.other": "{count} weitere Gesichter",

  "say.noFace": "kein Gesicht",
  "say.unsure": "unsicher",
  "say.faces.one": "{count} Gesicht: {names}",
  "say.faces.other": "{count} Gesichter: {names}",

  "timeline.title": "Letzte 30 Sekunden",
  "timeline.empty": "Der Verlauf jedes Ausdrucks, sobald Kamera oder Aufnahme läuft.",
  "timeline.face": "Gesicht {number}, Verlauf der letzten 30 Sekunden; jetzt {label}",
  "timeline.choose": "Gezeigtes Gesicht",
  "timeline.now": "jetzt",
  "timeline.ago": "vor {seconds} s",
  "summary.title": "Sitzung",
  "summary.empty": "Zeitanteil jedes Ausdrucks.",
  "summary.time": "{time} gelesen, davon {share} ohne Gesicht",
  "summary.shares": "Zeitanteil",
  "summary.others": "Frühere Gesichter ({count})",
  "summary.merged":
    "Es werden {limit} Gesichter einzeln gezählt; die am längsten nicht gesehenen sind zusammengefasst.",
  "export.title": "Sichern",
  "export.csv": "Tabelle (CSV)",
  "export.json": "Zeilen (JSON Lines)",
  "export.png": "Bild (PNG)",
  "export.rows.one": "{count} Einzelbild",
  "export.rows.other": "{count} Einzelbilder",
  "export.thinned":
    "Lange Sitzung: {kept} von {seen} Einzelbildern sind erhalten, jedes {stride}., gleichmäßig über die ganze Zeit.",
  "export.earlier": "Sitzung davor: {source}",
  "export.note":
    "Die laufende und die vorige Sitzung bleiben erhalten, bis die Seite geschlossen wird.",

  "settings.title": "Einstellungen",
  "settings.where": "Wo gelesen wird",
  "settings.device": "Auf diesem Gerät",
  "settings.device.text": "Nichts wird irgendwohin geschickt.",
  "settings.server": "Auf dem Server",
  "settings.server.text": "Die Bilder gehen an den Server dieser Seite. Er speichert nichts.",
  "settings.model": "Modell",
  "settings.model.line": "{parameters} Parameter",
  "settings.precision": "Genauigkeit",
  "settings.int8": "Schnell (int8)",
  "settings.fp32": "Genau (fp32)",
  "settings.graphics": "Grafikkarte (WebGPU)",
  "settings.graphics.text":
    "Lädt beim ersten Mal bis zu {size} und das genaue Modell. Misst beides und nimmt das Schnellere.",
  "graphics.faster": "{wasm} ms je Gesicht mit WASM, {webgpu} ms mit WebGPU: WebGPU wird benutzt.",
  "graphics.slower": "{wasm} ms je Gesicht mit WASM, {webgpu} ms mit WebGPU: Es bleibt bei WASM.",
  "graphics.different": "WebGPU antwortet anders, um bis zu {difference}: Es bleibt bei WASM.",
  "graphics.software":
    "Der Prozessor ahmt hier eine Grafikkarte nur nach: Es bleibt bei WASM. Nichts wurde geladen.",
  "graphics.missing":
    "Der Browser gibt keine Grafikkarte her: Es bleibt bei WASM. Nichts wurde geladen.",
  "graphics.failed": "WebGPU ist gescheitert: Es bleibt bei WASM. {detail}",
  "graphics.lost": "Die Grafikkarte ging verloren: Weiter mit WASM. {detail}",
  "settings.camera": "Kamera",
  "settings.camera.auto": "Der Browser wählt",
  "settings.camera.number": "Kamera {number}",
  "settings.shortcuts": "Tastenkürzel mit einer Taste",
  "settings.voice": "Dieses Gerät hat keine deutsche Stimme; vielleicht spricht eine andere.",
  "token.label": "Token des Servers",
  "token.text":
    "Es steht in der Datei, die mien serve mit --token-file bekam. Hier bleibt es nur im Arbeitsspeicher.",
  "token.send": "Verbinden",

  "meter.rate": "{rate} Bilder/s",
  "meter.latency": "{ms} ms",
  "meter.threads.one": "{count} Thread",
  "meter.threads.other": "{count} Threads",
  "meter.dropped.one": "{count} Bild ausgelassen",
  "meter.dropped.other": "{count} Bilder ausgelassen",

  "expressions.title": "Die Ausdrücke",
  "expressions.text":
    "Das Modell hat an Fotos gelernt, die Menschen beschriftet haben. Es kennt diese Muster im Gesicht und sonst nichts. Zeichnungen und Aktionseinheiten (FACS) zeigen die Form aus dem Lehrbuch; echte Gesichter tun das selten.",
  "expressions.units": "Aktionseinheiten",
  "label.angry": "wütend",
  "label.disgust": "angewidert",
  "label.fear": "ängstlich",
  "label.happy": "fröhlich",
  "label.sad": "traurig",
  "label.surprise": "überrascht",
  "label.neutral": "neutral",
  "label.contempt": "verächtlich",
  "label.anxious": "beunruhigt",
  "about.angry":
    "Die Brauen sind zusammengezogen und gesenkt, die Lider gespannt, die Lippen gepresst. Wer sich konzentriert oder geblendet wird, sieht ganz ähnlich aus.",
  "about.disgust":
    "Die Nase ist gerümpft, die Oberlippe gehoben, die Mundwinkel sind herabgezogen. Auf Bildern selten und oft für Wut gehalten, von Menschen wie von Modellen.",
  "about.fear":
    "Die Brauen sind gehoben und zusammengezogen, die Augen weit offen, die Lippen in die Breite gezogen. Am schwersten zu erkennen: Brauen und Augen gleichen denen der Überraschung.",
  "about.happy":
    "Die Mundwinkel gehen nach oben, die Wangen heben sich und werfen Fältchen neben den Augen. Am leichtesten zu erkennen, aber ein höfliches Lächeln ist keine Freude.",
  "about.sad":
    "Die inneren Enden der Brauen heben sich, die Mundwinkel sinken, der Blick auch. Ein müdes oder ruhendes Gesicht kann so aussehen.",
  "about.surprise":
    "Die Brauen sind im Bogen gehoben, die Augen weit offen, der Unterkiefer sinkt. Das dauert nur einen Augenblick; gespielt hält es länger an.",
  "about.neutral":
    "Kein Muskel arbeitet über seine Ruhe hinaus. Das heißt nicht, dass jemand nichts fühlt, nur dass das Gesicht keinen der anderen Ausdrücke zeigt.",
  "unit.1": "innere Braue hebt sich",
  "unit.2": "äußere Braue hebt sich",
  "unit.4": "Brauen senken sich",
  "unit.5": "Oberlid hebt sich",
  "unit.6": "Wangen heben sich",
  "unit.7": "Lider spannen sich",
  "unit.9": "Nase rümpft sich",
  "unit.12": "Mundwinkel gehen hoch",
  "unit.15": "Mundwinkel gehen herab",
  "unit.17": "Kinn hebt sich",
  "unit.20": "Lippen werden breit",
  "unit.23": "Lippen spannen sich",
  "unit.26": "Unterkiefer sinkt",
  "unit.none": "keine",

  "help.title": "Hilfe",
  "help.shortcuts": "Tastenkürzel",
  "help.off": "Die Tastenkürzel sind in den Einstellungen ausgeschaltet.",
  "help.camera": "Kamera starten",
  "help.file": "Bild auswählen",
  "help.video": "Aufnahme auswählen",
  "help.stop": "Anhalten oder abbrechen",
  "help.mirror": "Kamera spiegeln",
  "help.heat": "Wärmebild",
  "help.landmarks": "Punkte im Gesicht",
  "help.speech": "Vorlesen",
  "help.expressions": "Die Ausdrücke",
  "help.teach": "Anlernen",
  "help.theme": "Farben wechseln",
  "help.help": "Diese Hilfe",
  "help.paste": "Bild einfügen",
  "help.limits": "Was aufgehoben wird",
  "help.limits.text":
    "Der Verlauf umfasst {span} Sekunden, die Sitzung bis zu {frames} Einzelbilder; eine längere wird gleichmäßig ausgedünnt, und die Seite sagt es. Wird die Seite geschlossen, ist alles weg.",
  "help.about": "Über mien",
  "help.about.text":
    "mien ist freie Software unter der Apache-Lizenz 2.0. Die Seite funktioniert ohne Netz, sobald sie einmal geladen war, und lässt sich installieren.",
  "help.notices": "Lizenzen der enthaltenen Teile",

  "action.retry": "Noch einmal",
  "action.device": "Auf diesem Gerät lesen",
  "action.server": "Auf dem Server lesen",
  "action.reload": "Seite neu laden",
  "action.change": "Andere Quelle wählen",
  "problem.detail": "Technische Angabe",
  "problem.no-camera": "Keine Kamera gefunden",
  "problem.no-camera.do":
    "Schließen Sie eine an oder schalten Sie sie ein, dann noch einmal. Bilder und Aufnahmen gehen auch ohne.",
  "problem.camera-denied": "Die Kamera ist nicht erlaubt",
  "problem.camera-denied.do":
    "Erlauben Sie sie für diese Seite: meist über das Zeichen neben der Adresse, sonst in den Einstellungen von Browser oder System. Dann noch einmal.",
  "problem.camera-busy": "Die Kamera ist belegt",
  "problem.camera-busy.do":
    "Ein anderes Programm benutzt sie, vielleicht ein Videogespräch. Schließen Sie es, dann noch einmal.",
  "problem.camera-unplugged": "Die Kamera ist weg",
  "problem.camera-unplugged.do":
    "Sie wurde abgezogen oder ausgeschaltet. Verbinden Sie sie wieder; das Gelesene bleibt erhalten.",
  "problem.insecure-origin": "Unter dieser Adresse keine Kamera",
  "problem.insecure-origin.do":
    "Browser geben die Kamera nur Seiten von https:// oder localhost. Öffnen Sie die Seite so; mit mien serve --tls-cert und --tls-key geht das. Bilder und Aufnahmen gehen auch hier.",
  "problem.model-missing": "Das Modell lässt sich nicht laden",
  "problem.model-missing.do":
    "Neben dieser Seite fehlt eine Datei, oder das Netz ist weg. Versuchen Sie es noch einmal; wer die Seite betreibt, findet unten den Namen der Datei.",
  "problem.model-corrupt": "Das Modell ist beschädigt",
  "problem.model-corrupt.do":
    "Eine Datei passt nicht zu ihrer Prüfsumme. Versuchen Sie es noch einmal: Sie wird neu geholt. Bleibt es dabei, ist die Datei auf dem Server beschädigt.",
  "problem.wasm-blocked": "Der Browser erlaubt kein WebAssembly",
  "problem.wasm-blocked.do":
    "Eine Richtlinie oder ein sehr strenger Schutz verbietet es. Erlauben Sie es für diese Seite, nehmen Sie einen anderen Browser oder lesen Sie auf dem Server.",
  "problem.out-of-memory": "Der Speicher ist voll",
  "problem.out-of-memory.do":
    "Schließen Sie andere Tabs und Programme, dann neu laden. Ein kleineres Modell oder Bild braucht weniger.",
  "problem.server-lost": "Der Server antwortet nicht",
  "problem.server-lost.do":
    "Er wurde beendet, oder das Netz ist weg. Versuchen Sie es noch einmal, oder lesen Sie auf diesem Gerät.",
  "problem.server-refused": "Der Server verlangt ein Token",
  "problem.server-refused.do":
    "Geben Sie das Token dieses Servers ein, oder lesen Sie auf diesem Gerät.",
  "problem.server-forbidden": "Der Server lässt diese Seite nicht zu",
  "problem.server-forbidden.do":
    "Diese Adresse oder Herkunft ist ihm fremd. Öffnen Sie die Seite unter der Adresse, die mien serve nennt, oder erlauben Sie diese mit --public-url; oder lesen Sie auf diesem Gerät.",
  "problem.server-busy": "Der Server ist ausgelastet",
  "problem.server-busy.do":
    "Mehr Verbindungen lässt er nicht zu. Versuchen Sie es gleich noch einmal, oder lesen Sie auf diesem Gerät.",
  "problem.server-too-large": "Das ist zu groß für den Server",
  "problem.server-too-large.do":
    "Er nimmt weniger an, als selbst die kleinste Fassung dieses Bildes hat. Wählen Sie etwas Kleineres, oder lesen Sie auf diesem Gerät; das Gelesene bleibt erhalten.",
  "problem.picture-unreadable": "Dieses Bild ist nicht lesbar",
  "problem.picture-unreadable.do":
    "Es ist beschädigt oder von einer Art, die dieser Browser nicht kennt. Sichern Sie es als JPEG oder PNG; Fotos vom iPhone (HEIC) als JPEG.",
  "problem.picture-too-large": "Dieses Bild ist zu groß",
  "problem.picture-too-large.do":
    "Gelesen werden höchstens {megapixels} Megapixel. Verkleinern Sie es vorher.",
  "problem.video-unplayable": "Diese Aufnahme lässt sich nicht abspielen",
  "problem.video-unplayable.do":
    "Der Browser kennt ihr Format nicht. MP4 mit H.264 und WebM gehen fast überall; mien analyze auf der Kommandozeile liest mehr.",
  "problem.file-unknown": "Weder Bild noch Aufnahme",
  "problem.file-unknown.do": "Wählen Sie ein Bild (JPEG, PNG, WebP) oder ein Video (MP4, WebM).",
  "problem.defect": "Auf dieser Seite ist etwas schiefgegangen",
  "problem.defect.do":
    "Das sollte nicht vorkommen. Laden Sie neu; kommt es wieder, melden Sie bitte die Angabe unten.",
  "update.text": "Eine neuere Fassung dieser Seite liegt bereit.",
  "update.reload": "Neu laden",
  "storage.text":
    "Dieser Browser behält keine Einstellungen; sie gelten, bis die Seite geschlossen wird.",
  ...deTeach,
};
