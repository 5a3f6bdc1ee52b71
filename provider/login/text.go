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
	MessageUnavailable      = "temporarily_unavailable"
	MessageUnexpected       = "server_error"
	// HintStartAgain and HintTellOperator are for ErrorPage.Hint.
	HintStartAgain   = "hint_start_again"
	HintTellOperator = "hint_tell_operator"
)

// The message keys of the sign-in form.
const (
	messageEmpty   = "sign_in_empty"
	messageWrong   = "sign_in_wrong"
	messageLimited = "sign_in_limited"
	messageBlocked = "sign_in_blocked"
)

// text is everything that the pages say in one language.
type text struct {
	LanguageName, LanguageLabel string

	SignIn, SignInTo, Username, Password, SignInButton string

	Consent, ConsentAsks, ConsentNothing, ConsentScopes, ConsentCount, SignedInAs string
	Accept, Deny, SwitchUser, ClientPage, Policy, Terms                           string

	SignOut, SignOutAsk, SignOutNobody, SignOutButton, SignedOut, SignedOutMore string

	Error, Failed, Unavailable, Received, Expected, Code, RequestID string

	Messages map[string]string
}

var words = map[string]*text{
	ukrainian: {
		LanguageName: "Українська", LanguageLabel: "Мова",

		SignIn: "Вхід", SignInTo: "Увійдіть, щоб продовжити в застосунку",
		Username: "Електронна пошта", Password: "Пароль", SignInButton: "Увійти",

		Consent: "Надання доступу", ConsentAsks: "просить дозволу:",
		ConsentNothing: "просить підтвердити вхід. Інших дозволів не потрібно.",
		ConsentScopes:  "Дозволи", ConsentCount: "Усього дозволів:", SignedInAs: "Ви увійшли як",
		Accept: "Дозволити", Deny: "Відмовити", SwitchUser: "Увійти як інший користувач",
		ClientPage: "Сайт застосунку", Policy: "Політика конфіденційності", Terms: "Умови користування",

		SignOut: "Вихід", SignOutAsk: "Завершити сеанс у цьому браузері?", SignOutNobody: "У цьому браузері ніхто не увійшов.",
		SignOutButton: "Вийти", SignedOut: "Ви вийшли", SignedOutMore: "Сеанс завершено. Цю сторінку можна закрити.",

		Error: "Помилка", Failed: "Не вдалося продовжити", Unavailable: "Сервіс тимчасово недоступний",
		Received: "Отримано", Expected: "Очікувалося", Code: "Код помилки", RequestID: "Номер запиту",

		Messages: map[string]string{
			messageEmpty:   "Введіть електронну пошту та пароль.",
			messageWrong:   "Неправильна електронна пошта або пароль.",
			messageLimited: "Забагато невдалих спроб входу. Спробуйте пізніше.",
			messageBlocked: "Ваш обліковий запис заблоковано. Зверніться до адміністратора.",

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

		Consent: "Allow access", ConsentAsks: "asks for permission to:",
		ConsentNothing: "asks you to confirm the sign-in. It needs no other permission.",
		ConsentScopes:  "Permissions", ConsentCount: "Permissions in all:", SignedInAs: "You are signed in as",
		Accept: "Allow", Deny: "Refuse", SwitchUser: "Sign in as somebody else",
		ClientPage: "Website of the application", Policy: "Privacy policy", Terms: "Terms of service",

		SignOut: "Sign out", SignOutAsk: "End your session in this browser?", SignOutNobody: "Nobody is signed in in this browser.",
		SignOutButton: "Sign out", SignedOut: "You are signed out", SignedOutMore: "Your session has ended. You can close this page.",

		Error: "Error", Failed: "This could not continue", Unavailable: "The service is temporarily unavailable",
		Received: "Received", Expected: "Expected", Code: "Error code", RequestID: "Request number",

		Messages: map[string]string{
			messageEmpty:   "Enter your email and password.",
			messageWrong:   "The email or the password is wrong.",
			messageLimited: "Too many failed attempts to sign in. Try again later.",
			messageBlocked: "Your account is blocked. Please contact your administrator.",

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
			MessageUnavailable: "Please try again in a minute.",
			MessageUnexpected:  "Something unexpected went wrong. Try again, and if that does not help, report the request number.",
			HintStartAgain:     "Return to the application and start again.",
			HintTellOperator:   "Please tell the developer of the application, and name the request number.",
		},
	},
}
