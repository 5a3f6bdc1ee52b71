package login

// invitationText is everything that the pages of an invitation say in one language.
type invitationText struct {
	Title, Lead, CheckLead, CheckButton                      string
	Inviter, Organisation, Role, Position, Start, Details    string
	Name, Email, BirthDate, TaxID, Phones                    string
	Known, KnownButton                                       string
	NewTitle, NewLead, PasswordHint, Repeat, Agree, Register string
	AnswerTitle, AnswerLead, Rules, AgreeToRules             string
	Accept, Reject                                           string
	OtherTitle, OtherLead, OtherHint, Switch                 string
	Open, RequestID                                          string

	// Roles are the types of employees; one that is not among them is shown as it is.
	Roles map[string]string
	// Notices are the pages without a form.
	Notices map[invitationNotice]noticeText
}

// noticeText says what has happened, and what the person can do.
type noticeText struct{ Title, Lead, Hint string }

// invitationNotice names a page without a form.
type invitationNotice string

// The pages without a form.
const (
	noticeOff         invitationNotice = "off"
	noticeUnknown     invitationNotice = "unknown"
	noticeOver        invitationNotice = "over"
	noticeAnswered    invitationNotice = "answered" // by somebody, as far as a stranger is told
	noticeAccepted    invitationNotice = "accepted"
	noticeRejected    invitationNotice = "rejected"
	noticeTaxID       invitationNotice = "tax_id"
	noticeChanged     invitationNotice = "changed"
	noticeRefused     invitationNotice = "refused"
	noticeUnavailable invitationNotice = "unavailable"
	noticeLimited     invitationNotice = "limited"
	noticeBrowser     invitationNotice = "browser"
)

// The message keys of the forms of an invitation.
const (
	messageInvitationRepeat  = "invitation_repeat"
	messageInvitationAgree   = "invitation_agree"
	messageInvitationRules   = "invitation_rules"
	messageInvitationComplex = "invitation_complexity"
	messageInvitationAway    = "invitation_away"
)

var invitationTexts = map[string]*invitationText{
	ukrainian: {
		Title: "Запрошення", Lead: "Вас запрошують працювати в електронній системі охорони здоров’я.",
		CheckLead: "Щоб переглянути запрошення, натисніть кнопку.", CheckButton: "Переглянути запрошення",
		Inviter: "Хто запрошує", Organisation: "Заклад", Role: "Роль", Position: "Посада",
		Start: "Початок роботи", Details: "Докладніше",
		Name: "Прізвище, ім’я, по батькові", Email: "Електронна пошта", BirthDate: "Дата народження",
		TaxID: "Податковий номер", Phones: "Телефони",
		Known:       "Для цієї адреси вже є обліковий запис. Увійдіть, щоб прийняти або відхилити запрошення:",
		KnownButton: "Продовжити",
		NewTitle:    "Створіть обліковий запис",
		NewLead:     "Придумайте пароль. Далі ми попросимо номер телефону й надішлемо на нього код.",
		PasswordHint: "Щонайменше 12 символів, серед них велика й мала літери та цифра; добре підходять кілька випадкових " +
			"слів. Не беріть поширених паролів чи своєї електронної пошти.",
		Repeat: "Пароль ще раз", Agree: "Я погоджуюся на обробку моїх персональних даних",
		Register:    "Створити обліковий запис",
		AnswerTitle: "Відповідь на запрошення",
		AnswerLead:  "Перевірте дані. Якщо вони неправильні, відхиліть запрошення й зверніться до закладу.",
		Rules:       "Правила роботи в системі", AgreeToRules: "Я ознайомлений (ознайомлена) з правилами роботи в системі",
		Accept: "Прийняти", Reject: "Відхилити",
		OtherTitle: "Запрошення для іншої людини", OtherLead: "Запрошення надіслано на адресу",
		OtherHint: "Відповісти на нього може лише власник цієї адреси.", Switch: "Увійти як інший користувач",
		Open: "Перейти до роботи", RequestID: "Номер запиту",
		Roles: map[string]string{
			"OWNER": "керівник закладу", "DOCTOR": "лікар", "HR": "працівник кадрової служби", "ADMIN": "адміністратор",
			"ACCOUNTANT": "бухгалтер", "PHARMACIST": "фармацевт", "PHARMACY_OWNER": "керівник аптеки",
			"SPECIALIST": "спеціаліст", "ASSISTANT": "асистент", "LABORANT": "лаборант",
		},
		Notices: map[invitationNotice]noticeText{
			noticeOff: {"Запрошення тут не приймають", "Цей сервіс не працює із запрошеннями за посиланням.",
				"Зверніться до закладу, який вас запросив: там знають, де тепер приймають запрошення."},
			noticeUnknown: {"Запрошення не знайдено", "За цим посиланням немає запрошення.",
				"Відкрийте посилання з листа ще раз, повністю. Якщо не допоможе, попросіть заклад надіслати нове запрошення."},
			noticeOver: {"Запрошення вже не діє", "Час на відповідь минув, або запрошення відкликано.",
				"Попросіть заклад надіслати нове запрошення."},
			noticeAnswered: {"Запрошення вже використано", "На це запрошення вже відповіли.",
				"Якщо відповідали не ви, повідомте заклад, який вас запросив."},
			noticeAccepted: {"Запрошення прийнято", "Дякуємо. Роль надано, можна починати роботу.",
				"Якщо ви працюєте в медичній інформаційній системі, увійдіть до неї як звичайно."},
			noticeRejected: {"Запрошення відхилено", "Ви відхилили запрошення. Ролі не надано.",
				"Якщо ви передумали, попросіть заклад надіслати нове запрошення. Цю сторінку можна закрити."},
			noticeTaxID: {"Дані не збігаються", "Податковий номер у запрошенні не такий, як у вашому обліковому записі.",
				"Зверніться до закладу, який вас запросив, щоб виправити дані."},
			noticeChanged: {"Запрошення змінилося", "Поки ви заповнювали форму, дані запрошення змінилися.",
				"Відкрийте посилання з листа ще раз. Якщо не допоможе, зверніться до закладу."},
			noticeRefused: {"Запрошення не вдалося прийняти",
				"Система охорони здоров’я не прийняла відповіді: наприклад, цю адресу вже використовує інша людина.",
				"Зверніться до закладу, який вас запросив, і назвіть номер запиту."},
			noticeUnavailable: {"Сервіс тимчасово недоступний", "Система охорони здоров’я зараз не відповідає.",
				"Відкрийте посилання з листа ще раз за кілька хвилин. Запрошення залишається чинним."},
			noticeLimited: {"Забагато спроб", "З вашої мережі було забагато спроб відкрити запрошення.",
				"Спробуйте ще раз за годину."},
			noticeBrowser: {"Відкрийте посилання ще раз", "Час на відповідь вичерпано, або сторінку відкрито в іншому браузері.",
				"Відкрийте посилання з листа ще раз. Файли cookie мають бути дозволені."},
		},
	},
	english: {
		Title: "Invitation", Lead: "You are invited to work in the electronic health system.",
		CheckLead: "Press the button to view the invitation.", CheckButton: "View the invitation",
		Inviter: "Invited by", Organisation: "Organisation", Role: "Role", Position: "Position",
		Start: "Start of work", Details: "Details",
		Name: "Full name", Email: "Email", BirthDate: "Date of birth", TaxID: "Tax number", Phones: "Phones",
		Known:       "There is an account for this address already. Sign in to accept or decline the invitation:",
		KnownButton: "Continue",
		NewTitle:    "Create an account",
		NewLead:     "Choose a password. After that we will ask for your phone number and send a code to it.",
		PasswordHint: "At least 12 characters, among them a capital letter, a small letter and a digit; a few random words " +
			"work well. Do not use a common password or your email.",
		Repeat: "Password again", Agree: "I agree to the processing of my personal data", Register: "Create the account",
		AnswerTitle: "Your answer",
		AnswerLead:  "Check the data. If they are wrong, decline the invitation and contact the organisation.",
		Rules:       "Rules of work in the system", AgreeToRules: "I have read the rules of work in the system",
		Accept: "Accept", Reject: "Decline",
		OtherTitle: "An invitation for someone else", OtherLead: "The invitation was sent to",
		OtherHint: "Only the owner of this address can answer it.", Switch: "Sign in as someone else",
		Open: "Start working", RequestID: "Request number",
		Roles: map[string]string{
			"OWNER": "head of the organisation", "DOCTOR": "doctor", "HR": "human resources", "ADMIN": "administrator",
			"ACCOUNTANT": "accountant", "PHARMACIST": "pharmacist", "PHARMACY_OWNER": "head of the pharmacy",
			"SPECIALIST": "specialist", "ASSISTANT": "assistant", "LABORANT": "laboratory assistant",
		},
		Notices: map[invitationNotice]noticeText{
			noticeOff: {"Invitations are not accepted here", "This service does not handle invitations by link.",
				"Contact the organisation that invited you: it knows where invitations are accepted now."},
			noticeUnknown: {"Invitation not found", "There is no invitation behind this link.",
				"Open the whole link from the email again. If that does not help, ask the organisation for a new invitation."},
			noticeOver: {"The invitation is no longer valid", "The time to answer has run out, or it was withdrawn.",
				"Ask the organisation for a new invitation."},
			noticeAnswered: {"The invitation has been used", "This invitation has been answered already.",
				"If it was not you who answered, tell the organisation that invited you."},
			noticeAccepted: {"Invitation accepted", "Thank you. You have the role and can start working.",
				"If you work in a medical information system, sign in there as usual."},
			noticeRejected: {"Invitation declined", "You declined the invitation. You were not given the role.",
				"If you change your mind, ask the organisation for a new invitation. You can close this page."},
			noticeTaxID: {"The data do not match", "The tax number of the invitation is not that of your account.",
				"Contact the organisation that invited you to have the data corrected."},
			noticeChanged: {"The invitation has changed", "The data of the invitation changed while you filled in the form.",
				"Open the link from the email again. If that does not help, contact the organisation."},
			noticeRefused: {"The invitation could not be accepted",
				"The health system refused the answer: another person may be using this address already, for example.",
				"Contact the organisation that invited you and quote the request number."},
			noticeUnavailable: {"The service is temporarily unavailable", "The health system does not answer at the moment.",
				"Open the link from the email again in a few minutes. The invitation stays valid."},
			noticeLimited: {"Too many attempts", "There were too many attempts to open an invitation from your network.",
				"Try again in an hour."},
			noticeBrowser: {"Open the link again", "The time to answer has run out, or the page was opened in another browser.",
				"Open the link from the email again. Cookies must be allowed."},
		},
	},
}
