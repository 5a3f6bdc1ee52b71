package login

// The message keys of ErrorPage that have words in every language. Some are error codes of the protocol.
const (
	MessageClientMissing    = "client_missing"
	MessageClientUnknown    = "invalid_client"
	MessageClientBlocked    = "client_blocked"
	MessageRedirectMissing  = "redirect_uri_missing"
	MessageRedirectMismatch = "redirect_uri_mismatch"
	MessageScopeMissing     = "scope_missing"
	MessageScopeRefused     = "invalid_scope"
	MessageNoRoles          = "no_roles"
	MessageUserBlocked      = "user_blocked"
	MessageDenied           = "denied"
	MessageAccessDenied     = "access_denied"
	MessageUnauthorized     = "unauthorized_client"
	MessageRequestDamaged   = "invalid_request"
	MessageRequestTooLarge  = "request_too_large"
	MessagePendingExpired   = "pending_expired"
	MessagePendingForeign   = "pending_foreign"
	MessageCrossOrigin      = "cross_origin"
	MessageNoPage           = "no_page"
	MessageNotTheirs        = "not_theirs"
	MessageUnavailable      = "temporarily_unavailable"
	MessageUnexpected       = "server_error"
	MessageNoFactor         = "no_second_factor"

	MessageSignatureTooLarge = "signature_too_large"
	// HintStartAgain and HintTellOperator are for ErrorPage.Hint.
	HintStartAgain   = "hint_start_again"
	HintTellOperator = "hint_tell_operator"
)

// The message keys of the forms of a sign-in.
const (
	messageEmpty         = "sign_in_empty"
	messageWrong         = "sign_in_wrong"
	messageLimited       = "sign_in_limited"
	messageBlocked       = "sign_in_blocked"
	messageNotRegistered = "sign_in_not_registered"

	messageCodeWrong    = "code_wrong"
	messageCodeExpired  = "code_expired"
	messageCodeAttempts = "code_attempts"
	messageCodeLimited  = "code_limited"
	messageCodeNotSent  = "code_not_sent"
	messagePhone        = "phone"

	messagePasswordShort      = "password_short"
	messagePasswordComplexity = "password_complexity"
	messagePasswordUsed       = "password_used"

	messageSignatureMissing = "signature_missing"
	messageSignatureWrong   = "signature_wrong"
	messageSignerUnknown    = "signer_unknown"
	messageSignatureAway    = "signature_away"
)

// text is everything that the pages say in one language.
type text struct {
	LanguageName, LanguageLabel string

	SignIn, SignInTo, Username, Password, SignInButton string
	PatientSignIn, PatientSignInTo                     string

	CodeTitle, CodeLead, CodeLabel, CodeButton, CodeResend                                  string
	PhoneTitle, PhoneLead, PhoneHint, PhoneLabel, PhoneButton                               string
	NewPasswordTitle, NewPasswordLead, NewPasswordHint, NewPasswordLabel, NewPasswordButton string
	SignatureTitle, SignatureDownload, SignatureContent, SignatureSign, SignatureFile       string

	Consent, ConsentAsks, ConsentNothing, ConsentScopes, ConsentCount, SignedInAs string
	Accept, Deny, SwitchUser, ClientPage, Policy, Terms                           string

	SignOut, SignOutAsk, SignOutNobody, SignOutButton, SignedOut, SignedOutMore, SignedOutNext string

	Account, AccountLead, Sessions, SessionThis, SessionUnknown, SessionSince, SessionUsed, SessionEnd, SignOutEverywhere string
	Approvals, ApprovalsNone, ApprovalSince, ApprovalOpen, ApprovalWithdraw                                               string

	Returning, Continue string

	Error, Failed, Unavailable, Received, Expected, Code, RequestID string

	Messages map[string]string
}

var words = map[string]*text{
	ukrainian: {
		LanguageName: "Українська", LanguageLabel: "Мова",

		SignIn: "Вхід", SignInTo: "Увійдіть, щоб продовжити в застосунку",
		Username: "Електронна пошта", Password: "Пароль", SignInButton: "Увійти",
		PatientSignIn: "Вхід для пацієнтів", PatientSignInTo: "Увійдіть до кабінету пацієнта, щоб продовжити в застосунку",

		CodeTitle: "Код підтвердження", CodeLead: "Ми надіслали SMS із кодом на номер", CodeLabel: "Код із SMS",
		CodeButton: "Підтвердити", CodeResend: "Надіслати код ще раз",
		PhoneTitle: "Номер телефону", PhoneLead: "Для входу потрібен другий фактор. Вкажіть номер, на який надходитимуть коди.",
		PhoneHint: "У форматі +380XXXXXXXXX", PhoneLabel: "Номер мобільного телефону", PhoneButton: "Надіслати код",
		NewPasswordTitle: "Новий пароль", NewPasswordLead: "Термін дії вашого пароля минув. Придумайте новий, щоб увійти.",
		NewPasswordHint:  "Щонайменше 12 символів: великі й малі літери та цифри. Не повторюйте останніх паролів.",
		NewPasswordLabel: "Новий пароль", NewPasswordButton: "Зберегти й увійти",
		SignatureTitle: "Вхід за електронним підписом", SignatureDownload: "Завантажте файл для підпису",
		SignatureContent: "Вміст файлу для підпису",
		SignatureSign:    "Підпишіть його своїм кваліфікованим електронним підписом (КЕП) у програмі, якою ви користуєтеся, разом із вмістом файлу.",
		SignatureFile:    "Додайте підписаний файл",

		Consent: "Надання доступу", ConsentAsks: "просить дозволу:",
		ConsentNothing: "просить підтвердити вхід. Інших дозволів не потрібно.",
		ConsentScopes:  "Дозволи", ConsentCount: "Усього дозволів:", SignedInAs: "Ви ввійшли як",
		Accept: "Дозволити", Deny: "Відмовити", SwitchUser: "Увійти як інший користувач",
		ClientPage: "Сайт застосунку", Policy: "Політика конфіденційності", Terms: "Умови користування",

		SignOut: "Вихід", SignOutAsk: "Завершити сеанс у цьому браузері?", SignOutNobody: "У цьому браузері ніхто не ввійшов.",
		SignOutButton: "Вийти", SignedOut: "Ви вийшли", SignedOutMore: "Сеанс завершено. Цю сторінку можна закрити.",
		SignedOutNext: "Сеанс завершено. За мить ви повернетеся до застосунку.",

		Account: "Мій обліковий запис", AccountLead: "Де ви ввійшли та яким застосункам надали доступ.",
		Sessions: "Сеанси", SessionThis: "Цей браузер", SessionUnknown: "Невідомий пристрій", SessionSince: "Увійшли",
		SessionUsed: "остання активність", SessionEnd: "Завершити сеанс", SignOutEverywhere: "Вийти на всіх пристроях",
		Approvals: "Застосунки з доступом", ApprovalsNone: "Ви ще не надали доступу жодному застосунку.",
		ApprovalSince: "Доступ надано", ApprovalOpen: "Відкрити", ApprovalWithdraw: "Скасувати доступ",

		Returning: "Повертаємося до застосунку", Continue: "Продовжити",

		Error: "Помилка", Failed: "Не вдалося продовжити", Unavailable: "Сервіс тимчасово недоступний",
		Received: "Отримано", Expected: "Очікувалося", Code: "Код помилки", RequestID: "Номер запиту",

		Messages: map[string]string{
			messageEmpty:         "Введіть електронну пошту та пароль.",
			messageWrong:         "Неправильна електронна пошта або пароль.",
			messageLimited:       "Забагато невдалих спроб входу. Спробуйте пізніше.",
			messageBlocked:       "Ваш обліковий запис заблоковано. Зверніться до адміністратора.",
			messageNotRegistered: "Для цього облікового запису немає даних про пацієнта. Зверніться до свого лікаря.",

			messageCodeWrong:    "Код неправильний. Перевірте його й спробуйте ще раз.",
			messageCodeExpired:  "Термін дії коду минув. Надішліть код ще раз.",
			messageCodeAttempts: "Забагато спроб із цим кодом. Надішліть код ще раз.",
			messageCodeLimited:  "Забагато кодів за хвилину. Зачекайте й спробуйте ще раз.",
			messageCodeNotSent:  "Не вдалося надіслати SMS. Спробуйте пізніше.",
			messagePhone:        "Вкажіть номер у форматі +380XXXXXXXXX.",

			messagePasswordShort:      "Пароль закороткий: потрібно щонайменше 12 символів.",
			messagePasswordComplexity: "Пароль має містити великі й малі літери та цифри.",
			messagePasswordUsed:       "Цей пароль уже використовувався. Придумайте інший.",

			messageSignatureMissing: "Додайте підписаний файл, не більший за 1 МБ.",
			messageSignatureWrong:   "Підпис не вдалося підтвердити. Підпишіть саме той файл, який пропонує ця сторінка, і лише одним підписом.",
			messageSignerUnknown:    "Не знайдено користувача з податковим номером, указаним у підписі.",
			messageSignatureAway:    "Перевірка підписів тимчасово недоступна. Спробуйте пізніше.",

			MessageNoFactor: "Для цього доступу потрібен вхід із кодом підтвердження, а для вашого облікового запису його не налаштовано. " +
				"Зверніться до адміністратора.",
			MessageSignatureTooLarge: "Підписаний файл завеликий: дозволено не більше ніж 1 МБ.",

			MessageClientMissing:    "Не вказано ідентифікатор застосунку для авторизації.",
			MessageClientUnknown:    "Не знайдено застосунок за вказаним ідентифікатором.",
			MessageClientBlocked:    "Застосунок заблоковано.",
			MessageRedirectMissing:  "Не вказано адресу зворотного виклику.",
			MessageRedirectMismatch: "Адреса зворотного виклику не збігається з жодною із зареєстрованих для застосунку.",
			MessageScopeMissing:     "Не вказано параметри доступу до даних.",
			MessageScopeRefused:     "Застосунок просить доступу, якого йому не можна надати.",
			MessageNoRoles:          "Цей користувач не має доступу до застосунку.",
			MessageUserBlocked:      "Обліковий запис заблоковано.",
			MessageAccessDenied:     "Доступ не надано.",
			MessageUnauthorized:     "Застосунок не має права на такий запит.",
			MessageDenied:           "Ви відмовили застосунку в доступі. Цю сторінку можна закрити.",
			MessageRequestDamaged:   "Запит пошкоджено або складено неправильно.",
			MessageRequestTooLarge:  "Запит застосунку завеликий.",
			MessagePendingExpired: "Час на вхід вичерпано: від його початку минуло понад 30 хвилин. " +
				"Поверніться до застосунку й почніть спочатку.",
			MessagePendingForeign: "Цю сторінку відкрито не з того браузера, в якому почато вхід, або посилання пошкоджене. " +
				"Поверніться до застосунку й почніть спочатку. Файли cookie мають бути дозволені.",
			MessageCrossOrigin: "Форму надіслано з іншого сайту, тому її відхилено. Поверніться до застосунку й почніть спочатку.",
			MessageNoPage:      "Такої сторінки немає.",
			MessageNotTheirs:   "Такого сеансу чи доступу у вас уже немає.",
			MessageUnavailable: "Спробуйте ще раз за хвилину.",
			MessageUnexpected:  "Сталася непередбачена помилка. Спробуйте ще раз, а якщо не допоможе, повідомте номер запиту.",
			HintStartAgain:     "Поверніться до застосунку й почніть спочатку.",
			HintTellOperator:   "Повідомте про це розробника застосунку та назвіть номер запиту.",
		},
	},
	english: {
		LanguageName: "English", LanguageLabel: "Language",

		SignIn: "Sign in", SignInTo: "Sign in to continue to",
		Username: "Email", Password: "Password", SignInButton: "Sign in",
		PatientSignIn: "Sign in for patients", PatientSignInTo: "Sign in to the patient's cabinet to continue to",

		CodeTitle: "Confirmation code", CodeLead: "We have sent an SMS with a code to", CodeLabel: "Code from the SMS",
		CodeButton: "Confirm", CodeResend: "Send another code",
		PhoneTitle: "Phone number", PhoneLead: "A second factor is needed to sign in. Enter the number that codes should go to.",
		PhoneHint: "In the form +380XXXXXXXXX", PhoneLabel: "Mobile phone number", PhoneButton: "Send a code",
		NewPasswordTitle: "New password", NewPasswordLead: "Your password has expired. Choose a new one to sign in.",
		NewPasswordHint:  "At least 12 characters: upper and lower case letters and digits. Do not repeat your last passwords.",
		NewPasswordLabel: "New password", NewPasswordButton: "Save and sign in",
		SignatureTitle: "Sign in by a digital signature", SignatureDownload: "Download the file to sign",
		SignatureContent: "Content of the file to sign",
		SignatureSign:    "Sign it with your qualified electronic signature in the program that you use, with the content included.",
		SignatureFile:    "Add the signed file",

		Consent: "Allow access", ConsentAsks: "asks for permission to:",
		ConsentNothing: "asks you to confirm the sign-in. It needs no other permission.",
		ConsentScopes:  "Permissions", ConsentCount: "Permissions in all:", SignedInAs: "You are signed in as",
		Accept: "Allow", Deny: "Refuse", SwitchUser: "Sign in as somebody else",
		ClientPage: "Website of the application", Policy: "Privacy policy", Terms: "Terms of service",

		SignOut: "Sign out", SignOutAsk: "End your session in this browser?", SignOutNobody: "Nobody is signed in in this browser.",
		SignOutButton: "Sign out", SignedOut: "You are signed out", SignedOutMore: "Your session has ended. You can close this page.",
		SignedOutNext: "Your session has ended. In a moment you return to the application.",

		Account: "My account", AccountLead: "Where you are signed in, and which applications you gave access.",
		Sessions: "Sessions", SessionThis: "This browser", SessionUnknown: "Unknown device", SessionSince: "Signed in",
		SessionUsed: "last used", SessionEnd: "End the session", SignOutEverywhere: "Sign out everywhere",
		Approvals: "Applications with access", ApprovalsNone: "You have not given any application access yet.",
		ApprovalSince: "Access given", ApprovalOpen: "Open", ApprovalWithdraw: "Withdraw access",

		Returning: "Returning to the application", Continue: "Continue",

		Error: "Error", Failed: "This could not continue", Unavailable: "The service is temporarily unavailable",
		Received: "Received", Expected: "Expected", Code: "Error code", RequestID: "Request number",

		Messages: map[string]string{
			messageEmpty:         "Enter your email and password.",
			messageWrong:         "The email or the password is wrong.",
			messageLimited:       "Too many failed attempts to sign in. Try again later.",
			messageBlocked:       "Your account is blocked. Please contact your administrator.",
			messageNotRegistered: "There is no patient behind this account. Please ask your doctor.",

			messageCodeWrong:    "The code is wrong. Check it and try again.",
			messageCodeExpired:  "The code has expired. Send another.",
			messageCodeAttempts: "The code was tried too often. Send another.",
			messageCodeLimited:  "Too many codes within a minute. Wait and try again.",
			messageCodeNotSent:  "The SMS could not be sent. Try again later.",
			messagePhone:        "Enter the number in the form +380XXXXXXXXX.",

			messagePasswordShort:      "The password is too short: at least 12 characters are needed.",
			messagePasswordComplexity: "The password needs upper and lower case letters and digits.",
			messagePasswordUsed:       "This password was used before. Choose another.",

			messageSignatureMissing: "Add the signed file, of 1 MB at most.",
			messageSignatureWrong:   "The signature could not be confirmed. Sign the very file that this page offers, and with one signature only.",
			messageSignerUnknown:    "There is no user with the tax number of the signature.",
			messageSignatureAway:    "Signatures can't be checked at the moment. Try again later.",

			MessageNoFactor: "This access needs a sign-in with a confirmation code, which is not set up for your account. " +
				"Please contact your administrator.",
			MessageSignatureTooLarge: "The signed file is too large: 1 MB at most is allowed.",

			MessageClientMissing:    "The request does not say which application it is for.",
			MessageClientUnknown:    "No application is registered under the given identifier.",
			MessageClientBlocked:    "The application is blocked.",
			MessageRedirectMissing:  "The request does not say where to return to.",
			MessageRedirectMismatch: "The return address is none of those that the application registered.",
			MessageScopeMissing:     "The request does not say what access it is for.",
			MessageScopeRefused:     "The application asks for access that it cannot be given.",
			MessageNoRoles:          "This user has no access to the application.",
			MessageUserBlocked:      "The account is blocked.",
			MessageAccessDenied:     "Access was not given.",
			MessageUnauthorized:     "The application may not make such a request.",
			MessageDenied:           "You refused the application access. You can close this page.",
			MessageRequestDamaged:   "The request is damaged or malformed.",
			MessageRequestTooLarge:  "The request of the application is too large.",
			MessagePendingExpired: "The time to sign in has run out: more than 30 minutes have passed since it began. " +
				"Return to the application and start again.",
			MessagePendingForeign: "This page was not opened in the browser in which the sign-in began, or the link is damaged. " +
				"Return to the application and start again. Cookies must be allowed.",
			MessageCrossOrigin: "The form was sent by another site and was refused. Return to the application and start again.",
			MessageNoPage:      "There is no such page.",
			MessageNotTheirs:   "You have no such session or access any more.",
			MessageUnavailable: "Please try again in a minute.",
			MessageUnexpected:  "Something unexpected went wrong. Try again, and if that does not help, report the request number.",
			HintStartAgain:     "Return to the application and start again.",
			HintTellOperator:   "Please tell the developer of the application, and name the request number.",
		},
	},
}
