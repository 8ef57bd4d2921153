/**
 * The words of errors as macOS says them, in the languages that MACOS 1.4 warns of: typographic quotes, another order, another name of the
 * app. As users' reports show them: in English -1728, -1719, -1700, -1712, -1743, -10002, -10810, -2740, -2741, -2753, -2763; in French
 * -1728, -1712, -1743; in German -1728, -1700, -609; in Chinese -1728, -1719, -1712, -1743, -600, -609, -2741, -2753. The rest follows the
 * pattern of its language. Nobody may parse any of it: only the number at the end is sure.
 */
import { numberOf } from './faults.ts'
import type { Fault, ScriptError, SyntaxKind, SyntaxWord } from './faults.ts'

export const LANGUAGES = ['en', 'fr', 'de', 'zh'] as const
export type Language = (typeof LANGUAGES)[number]

/** The faults with words of their own, without those that every language says alike. */
type Spoken = Exclude<Fault, { kind: 'written' }>

type Texts = Readonly<{
  appGotAnError: string
  say: (fault: Spoken) => string
}>

/** As `on error msg` gets it and osascript prints it: without the number. */
export function textOf(error: ScriptError, language: Language): string {
  const { fault } = error
  if (fault.kind === 'written') return fault.text
  const texts = TEXTS[language]
  const text = texts.say(fault)
  return error.fromMessages && !SAID_BY_THE_SYSTEM.has(numberOf(fault)) ? `${texts.appGotAnError}${text}` : text
}

/** Refused permission and a failed launch name no app that got an error. */
const SAID_BY_THE_SYSTEM = new Set([-1743, -1744, -10810, -10827])

const english: Texts = {
  appGotAnError: 'Messages got an error: ',
  say(fault) {
    switch (fault.kind) {
      case 'cannot_get':
        return `Can’t get ${fault.object}.`
      case 'invalid_index':
        return `Can’t get ${fault.object}. Invalid index.`
      case 'cannot_make':
        return `Can’t make ${fault.object} into type ${fault.type}.`
      case 'unexpected_type':
        return 'Can’t make some data into the expected type.'
      case 'cannot_set':
        return `Can’t set ${fault.object} to ${fault.to}.`
      case 'cannot_divide_by_zero':
        return `Can’t divide ${fault.object} by zero.`
      case 'undefined_variable':
        return `The variable ${fault.name} is not defined.`
      case 'no_result':
        return 'No result was returned from some part of this expression.'
      case 'not_understood':
        return `${fault.object} doesn’t understand the “${fault.message}” message.`
      case 'cannot_continue':
        return `Can’t continue ${fault.handler}.`
      case 'invalid_key_form':
        return 'Invalid key form.'
      case 'not_authorised':
        return 'Not authorized to send Apple events to Messages.'
      case 'timed_out':
        return 'AppleEvent timed out.'
      case 'not_running':
        return 'Application isn’t running.'
      case 'connection_invalid':
        return 'Connection is invalid.'
      case 'privilege_violation':
        return 'A privilege violation occurred.'
      case 'file_not_found':
        return `File ${fault.file} wasn’t found.`
      case 'end_of_file':
        return 'End of file error.'
      case 'of_type':
        return `An error of type ${fault.number} has occurred.`
      case 'expected':
        return `Expected ${fault.expected} but found ${fault.found}.`
      case 'cannot_follow':
        return `A ${fault.found} can’t go after this ${fault.after}.`
    }
  },
}

const french: Texts = {
  appGotAnError: 'Erreur dans Messages : ',
  say(fault) {
    switch (fault.kind) {
      case 'cannot_get':
        return `Il est impossible d’obtenir ${fault.object}.`
      case 'invalid_index':
        return `Il est impossible d’obtenir ${fault.object}. Index non valable.`
      case 'cannot_make':
        return `Il est impossible de convertir ${fault.object} en type ${fault.type}.`
      case 'unexpected_type':
        return 'Il est impossible de convertir certaines données dans le type attendu.'
      case 'cannot_set':
        return `Il est impossible de régler ${fault.object} à ${fault.to}.`
      case 'cannot_divide_by_zero':
        return `Il est impossible de diviser ${fault.object} par zéro.`
      case 'undefined_variable':
        return `La variable ${fault.name} n’est pas définie.`
      case 'no_result':
        return 'Aucun résultat n’a été renvoyé par une partie de cette expression.'
      case 'not_understood':
        return `${fault.object} ne comprend pas le message « ${fault.message} ».`
      case 'cannot_continue':
        return `Il est impossible de continuer ${fault.handler}.`
      case 'invalid_key_form':
        return 'Forme de clé non valable.'
      case 'not_authorised':
        return 'Non autorisé à envoyer des événements Apple à Messages.'
      case 'timed_out':
        return 'Délai dépassé pour un AppleEvent.'
      case 'not_running':
        return 'L’application n’est pas ouverte.'
      case 'connection_invalid':
        return 'La connexion n’est pas valable.'
      case 'privilege_violation':
        return 'Une violation de privilège s’est produite.'
      case 'file_not_found':
        return `Le fichier ${fault.file} est introuvable.`
      case 'end_of_file':
        return 'Erreur de fin de fichier.'
      case 'of_type':
        return `Une erreur de type ${fault.number} s’est produite.`
      case 'expected':
        return `« ${inFrench(fault.expected)} » attendu mais « ${inFrench(fault.found)} » trouvé.`
      case 'cannot_follow':
        return `« ${inFrench(fault.found)} » ne peut pas suivre « ${inFrench(fault.after)} ».`
    }
  },
}

const german: Texts = {
  appGotAnError: '„Nachrichten“ hat einen Fehler erhalten: ',
  say(fault) {
    switch (fault.kind) {
      case 'cannot_get':
        return `„${fault.object}“ kann nicht gelesen werden.`
      case 'invalid_index':
        return `„${fault.object}“ kann nicht gelesen werden. Ungültiger Index.`
      case 'cannot_make':
        return `${fault.object} kann nicht in Typ ${fault.type} umgewandelt werden.`
      case 'unexpected_type':
        return 'Einige Daten können nicht in den erwarteten Typ umgewandelt werden.'
      case 'cannot_set':
        return `„${fault.object}“ kann nicht auf ${fault.to} gesetzt werden.`
      case 'cannot_divide_by_zero':
        return `${fault.object} kann nicht durch Null geteilt werden.`
      case 'undefined_variable':
        return `Die Variable „${fault.name}“ ist nicht definiert.`
      case 'no_result':
        return 'Ein Teil dieses Ausdrucks hat kein Ergebnis geliefert.'
      case 'not_understood':
        return `„${fault.object}“ versteht die Nachricht „${fault.message}“ nicht.`
      case 'cannot_continue':
        return `„${fault.handler}“ kann nicht fortgesetzt werden.`
      case 'invalid_key_form':
        return 'Ungültige Schlüsselform.'
      case 'not_authorised':
        return 'Keine Berechtigung, Apple-Events an „Nachrichten“ zu senden.'
      case 'timed_out':
        return 'Zeitüberschreitung bei AppleEvent.'
      case 'not_running':
        return 'Das Programm läuft nicht.'
      case 'connection_invalid':
        return 'Die Verbindung ist ungültig.'
      case 'privilege_violation':
        return 'Die Zugriffsrechte wurden verletzt.'
      case 'file_not_found':
        return `Die Datei „${fault.file}“ wurde nicht gefunden.`
      case 'end_of_file':
        return 'Dateiende erreicht.'
      case 'of_type':
        return `Ein Fehler des Typs ${fault.number} ist aufgetreten.`
      case 'expected':
        return `Es wurde „${inGerman(fault.expected)}“ erwartet, aber „${inGerman(fault.found)}“ gefunden.`
      case 'cannot_follow':
        return `„${inGerman(fault.found)}“ kann nicht auf „${inGerman(fault.after)}“ folgen.`
    }
  },
}

const chinese: Texts = {
  appGotAnError: '“信息”遇到一个错误：',
  say(fault) {
    switch (fault.kind) {
      case 'cannot_get':
        return `不能获得“${fault.object}”。`
      case 'invalid_index':
        return `不能获得“${fault.object}”。无效的索引。`
      case 'cannot_make':
        return `不能将“${fault.object}”转换为类型“${fault.type}”。`
      case 'unexpected_type':
        return '不能将某些数据转换为预期的类型。'
      case 'cannot_set':
        return `不能将“${fault.object}”设定为“${fault.to}”。`
      case 'cannot_divide_by_zero':
        return `不能将“${fault.object}”除以零。`
      case 'undefined_variable':
        return `变量“${fault.name}”没有定义。`
      case 'no_result':
        return '此表达式的某些部分没有返回结果。'
      case 'not_understood':
        return `“${fault.object}”不理解“${fault.message}”信息。`
      case 'cannot_continue':
        return `不能继续“${fault.handler}”。`
      case 'invalid_key_form':
        return '无效的关键表单。'
      case 'not_authorised':
        return '未获得授权将Apple事件发送给信息。'
      case 'timed_out':
        return 'AppleEvent已超时。'
      case 'not_running':
        return '应用程序没有运行。'
      case 'connection_invalid':
        return '连接无效。'
      case 'privilege_violation':
        return '发生权限冲突。'
      case 'file_not_found':
        return `未找到文件“${fault.file}”。`
      case 'end_of_file':
        return '文件结尾错误。'
      case 'of_type':
        return `发生类型为${fault.number}的错误。`
      case 'expected':
        return `预期是${inChinese(fault.expected)}，却找到${inChinese(fault.found)}。`
      case 'cannot_follow':
        return `${inChinese(fault.found)}不能位于此${inChinese(fault.after)}之后。`
    }
  },
}

const TEXTS: Readonly<Record<Language, Texts>> = { en: english, fr: french, de: german, zh: chinese }

const SYNTAX_WORDS: Readonly<Record<SyntaxKind, readonly [fr: string, de: string, zh: string]>> = {
  'application constant or consideration': [
    'constante d’application ou considération',
    'Programmkonstante oder Bedingung',
    '应用程序常量或考虑',
  ],
  'class name': ['nom de classe', 'Klassenname', '类名称'],
  'command name': ['nom de commande', 'Befehlsname', '命令名称'],
  'end of line': ['fin de ligne', 'Zeilenende', '行的结尾'],
  'end of line, etc.': ['fin de ligne, etc.', 'Zeilenende usw.', '行的结尾等等'],
  'end of script': ['fin de script', 'Ende des Skripts', '脚本的结尾'],
  expression: ['expression', 'Ausdruck', '表达式'],
  identifier: ['identificateur', 'Bezeichner', '标识符'],
  number: ['nombre', 'Zahl', '数字'],
  property: ['propriété', 'Eigenschaft', '属性'],
  'unknown token': ['élément inconnu', 'unbekanntes Zeichen', '未知的记号'],
}

function inFrench(word: SyntaxWord): string {
  return isKind(word) ? SYNTAX_WORDS[word][0] : word.slice(1, -1)
}

function inGerman(word: SyntaxWord): string {
  return isKind(word) ? SYNTAX_WORDS[word][1] : word.slice(1, -1)
}

function inChinese(word: SyntaxWord): string {
  return isKind(word) ? SYNTAX_WORDS[word][2] : word
}

function isKind(word: SyntaxWord): word is SyntaxKind {
  return word in SYNTAX_WORDS
}
