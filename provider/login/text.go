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
	MessageRequestOver      = "request_over"
	MessagePendingExpired   = "pending_expired"
	MessagePendingForeign   = "pending_foreign"
	MessageCrossOrigin      = "cross_origin"
	MessageNoPage           = "no_page"
	MessageNotTheirs        = "not_theirs"
	MessageChangeOver       = "change_over"
	MessageUnavailable      = "temporarily_unavailable"
	MessageUnexpected       = "server_error"
	MessageNoFactor         = "no_second_factor"
	MessageNoPasskey        = "no_passkey"
	MessageCodeBlocked      = "code_blocked"

	MessageSignatureTooLarge = "signature_too_large"
	// HintStartAgain and HintTellOperator are for ErrorPage.Hint.
	HintStartAgain   = "hint_start_again"
	HintTellOperator = "hint_tell_operator"

	// In what a return address differs from one that is registered.
	DetailRedirectScheme        = "redirect_scheme"
	DetailRedirectPort          = "redirect_port"
	DetailRedirectPath          = "redirect_path"
	DetailRedirectCase          = "redirect_case"
	DetailRedirectTrailingSlash = "redirect_trailing_slash"
	DetailRedirectQuery         = "redirect_query"
	DetailRedirectNotAbsolute   = "redirect_not_absolute"
	DetailRedirectFragment      = "redirect_fragment"
	DetailRedirectUser          = "redirect_user"
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
	messageCodeLastTry  = "code_last_try"
	messageCodeWrongTwo = "code_wrong_two"
	messageCodeSent     = "code_sent"
	messagePhone        = "phone"

	messagePasswordShort = "password_short"
	messagePasswordLong  = "password_long"
	messagePasswordKnown = "password_known"
	messagePasswordUsed  = "password_used"
	messageEmail         = "email"
	messageCaptcha       = "captcha"
	messageCaptchaAway   = "captcha_away"

	messageSignatureMissing = "signature_missing"
	messageSignatureWrong   = "signature_wrong"
	messageSignerUnknown    = "signer_unknown"
	messageSignatureAway    = "signature_away"
)

// messageSet is everything that the pages say in one language. Its fields are the keys of Texts.
type messageSet struct {
	language                    string // the key of the set
	LanguageName, LanguageLabel string

	SignIn, SignInTo, Username, Password, SignInButton string
	PatientSignIn, PatientSignInTo                     string

	CodeTitle, CodeLead, CodeLabel, CodeButton, CodeResend, CodeOtherNumber           string
	PhoneTitle, PhoneLead, PhoneHint, PhoneLabel, PhoneButton                         string
	NewPasswordTitle, NewPasswordLead, NewPasswordAsked                               string
	NewPasswordHint, NewPasswordLabel, NewPasswordButton                              string
	SignatureTitle, SignatureDownload, SignatureContent, SignatureSign, SignatureFile string
	Signing                                                                           signingMessages

	Consent, ConsentAsks, ConsentFor, ConsentNothing, ConsentScopes, ConsentCount, SignedInAs string
	DetailYes, DetailNo                                                                       string
	ConsentUntrusted, ConsentReturns, ConsentReturnsToDevice                                  string
	Accept, Deny, SwitchUser, ClientPage, Policy, Terms                                       string

	SignOut, SignOutAsk, SignOutNobody, SignOutButton, SignedOut, SignedOutMore, SignedOutNext string

	Account, AccountLead, AccountZone, AccountZoneOther, Sessions, SessionThis, SessionUnknown, SessionSince string
	SessionUsed, SessionAddress, SessionEnd, SignOutEverywhere, Zone                                         string
	Approvals, ApprovalsNone, ApprovalSince, ApprovalOpen, ApprovalWithdraw                                  string

	// Devices are the kinds of devices.
	Devices map[string]string

	Returning, Continue string

	Error, Failed, Unavailable, Detail, Received, Expected, Code, RequestID string

	ByKey map[string]string `key:"messages"`

	Operator    *operatorText
	Credentials *credentialText
	Factors     *factorText
	Passkeys    *passkeyText
	Resets      *passwordResetText
	Invitations *invitationText
	Captcha     *captchaText
	Data        *dataText
	Elsewhere   *deviceText
	Claims      map[string]string
}

var messages = map[string]*messageSet{
	ukrainian: {
		Operator: operatorTexts[ukrainian], Credentials: credentialTexts[ukrainian], Factors: factorTexts[ukrainian],
		Passkeys: passkeyTexts[ukrainian], Resets: passwordResetTexts[ukrainian], Invitations: invitationTexts[ukrainian],
		Captcha: captchaTexts[ukrainian], Data: dataTexts[ukrainian], Claims: claimTitles[ukrainian],
		Elsewhere: deviceTexts[ukrainian],

		language: ukrainian, LanguageName: "Українська", LanguageLabel: "Мова",

		SignIn: "Вхід", SignInTo: "Увійдіть, щоб продовжити в застосунку",
		Username: "Електронна пошта", Password: "Пароль", SignInButton: "Увійти",
		PatientSignIn: "Вхід для пацієнтів", PatientSignInTo: "Увійдіть до кабінету пацієнта, щоб продовжити в застосунку",

		CodeTitle: "Код підтвердження", CodeLead: "Ми надіслали SMS із кодом на номер", CodeLabel: "Код із SMS",
		CodeButton: "Підтвердити", CodeResend: "Надіслати код ще раз", CodeOtherNumber: "Вказати інший номер",
		PhoneTitle: "Номер телефону", PhoneLead: "Для входу потрібне додаткове підтвердження. Вкажіть номер, на який " +
			"надходитимуть коди.",
		PhoneHint: "Наприклад, 050 123 45 67 або +380501234567", PhoneLabel: "Номер мобільного телефону",
		PhoneButton:      "Надіслати код",
		NewPasswordTitle: "Новий пароль", NewPasswordLead: "Термін дії вашого пароля минув. Придумайте новий, щоб увійти.",
		NewPasswordAsked: "Цей пароль вам дав адміністратор. Придумайте власний, щоб увійти.",
		NewPasswordHint: "Щонайменше 12 символів; добре підходять кілька випадкових слів. " +
			"Не беріть поширених паролів, своєї електронної пошти чи одного з останніх паролів.",
		NewPasswordLabel: "Новий пароль", NewPasswordButton: "Зберегти й увійти",
		SignatureTitle: "Вхід за електронним підписом", SignatureDownload: "Завантажте файл для підпису",
		SignatureContent: "Вміст файлу для підпису",
		SignatureSign: "Підпишіть його своїм кваліфікованим електронним підписом (КЕП) у програмі, якою ви " +
			"користуєтеся, разом із вмістом файлу.",
		SignatureFile: "Додайте підписаний файл", Signing: signingUkrainian,

		Consent: "Надання доступу", ConsentAsks: "просить дозволу:",
		ConsentNothing: "просить підтвердити вхід. Інші дозволи не потрібні.",
		ConsentUntrusted: "Цей застосунок тут не зареєстровано: хто ним керує, ніхто не перевіряв. Назву він обрав " +
			"собі сам. Надавайте доступ, лише якщо довіряєте сайту",
		ConsentReturns: "Після цього ви перейдете на сайт",
		ConsentReturnsToDevice: "Доступ отримає програма на цьому пристрої. Продовжуйте, лише якщо ви щойно самі її " +
			"запустили.",
		ConsentScopes: "Дозволи", ConsentCount: "Усього дозволів:", ConsentFor: "Доступ до:",
		DetailYes: "так", DetailNo: "ні",
		SignedInAs: "Ви ввійшли як",
		Accept:     "Дозволити", Deny: "Відхилити", SwitchUser: "Увійти як інший користувач",
		ClientPage: "Сайт застосунку", Policy: "Політика конфіденційності", Terms: "Умови користування",

		SignOut: "Вихід", SignOutAsk: "Завершити сеанс у цьому браузері?",
		SignOutNobody: "У цьому браузері ніхто не ввійшов.",
		SignOutButton: "Вийти", SignedOut: "Ви вийшли", SignedOutMore: "Сеанс завершено. Цю сторінку можна закрити.",
		SignedOutNext: "Сеанс завершено. За мить ви повернетеся до застосунку.",

		Account: "Мій обліковий запис", AccountLead: "Де ви ввійшли та яким застосункам надали доступ.",
		AccountZone: "Час указано київський.", AccountZoneOther: "Час указано за поясом {zone}.",
		Sessions: "Сеанси", SessionThis: "Цей браузер", SessionUnknown: "Невідомий пристрій", SessionSince: "Вхід",
		SessionUsed: "остання активність", SessionAddress: "IP-адреса", SessionEnd: "Завершити сеанс",
		SignOutEverywhere: "Вийти на всіх пристроях", Zone: "за київським часом",
		Devices: map[string]string{
			devicePhone: "Телефон", deviceTablet: "Планшет", deviceComputer: "Комп’ютер",
		},
		Approvals: "Застосунки з доступом", ApprovalsNone: "Ви ще не надали доступу жодному застосунку.",
		ApprovalSince: "Доступ надано", ApprovalOpen: "Відкрити", ApprovalWithdraw: "Скасувати доступ",

		Returning: "Повертаємося до застосунку", Continue: "Продовжити",

		Error: "Помилка", Failed: "Не вдалося продовжити", Unavailable: "Сервіс тимчасово недоступний",
		Detail: "Для розробника", Received: "Отримано", Expected: "Очікувалося", Code: "Код помилки",
		RequestID: "Номер запиту",

		ByKey: map[string]string{
			messageEmpty:         "Введіть електронну пошту та пароль.",
			messageWrong:         "Неправильна електронна пошта або пароль.",
			messageLimited:       "Забагато невдалих спроб входу. Спробуйте знову після {time}.",
			messageBlocked:       "Ваш обліковий запис заблоковано. Зверніться до адміністратора.",
			messageNotRegistered: "Для цього облікового запису немає даних про пацієнта. Зверніться до свого лікаря.",

			messageCodeWrong:    "Код неправильний. Перевірте його й спробуйте ще раз.",
			messageCodeExpired:  "Термін дії коду минув. Надішліть новий код.",
			messageCodeAttempts: "Забагато спроб із цим кодом. Надішліть новий код.",
			messageCodeLimited:  "Забагато кодів за хвилину. Новий код можна надіслати після {time}.",
			messageCodeNotSent:  "Не вдалося надіслати SMS. Спробуйте пізніше.",
			messageCodeWrongTwo: "Код неправильний, і залишилася одна спроба. Ще один неправильний код — і ваш обліковий " +
				"запис буде " +
				"заблоковано. Звірте код з останнім SMS або надішліть новий.",
			messageCodeLastTry: "Залишилася одна спроба. Ще один неправильний код — і ваш обліковий запис буде заблоковано. " +
				"Звірте код з останнім SMS або надішліть новий.",
			messageCodeSent: "Новий код надіслано. Попередній більше не діє.",
			messagePhone:    "Вкажіть номер українського мобільного оператора, наприклад 050 123 45 67.",

			messagePasswordShort: "Пароль закороткий: потрібно щонайменше 12 символів.",
			messagePasswordLong:  "Пароль задовгий: дозволено не більше ніж 1024 символи.",
			messagePasswordKnown: "Такий пароль легко вгадати: він поширений або складений із вашої електронної пошти чи " +
				"назви сервісу. " +
				"Придумайте інший, наприклад із кількох випадкових слів.",
			messageCaptcha: "Не вдалося перевірити, що форму заповнює людина. Дозвольте цій сторінці скрипти й спробуйте ще " +
				"раз.",
			messageCaptchaAway:  "Перевірка тимчасово недоступна. Спробуйте ще раз за кілька хвилин.",
			messageEmail:        "Вкажіть електронну пошту, наприклад doctor@clinic.example.",
			messagePasswordUsed: "Цей пароль ви вже використовували. Придумайте інший.",

			messagePresentPassword: "Поточний пароль неправильний.",
			messagePasswordsEmpty:  "Заповніть усі три поля.",
			messagePasswordsDiffer: "Новий пароль і його повтор не збігаються.",
			messageFactorCode: "Код неправильний або вже використаний. Перевірте, чи телефон показує точний час, і введіть " +
				"новий код.",
			messageFactorWrongTwo: "Код неправильний, і залишилася одна спроба. Ще один неправильний код — і ваш обліковий " +
				"запис буде заблоковано.",
			messageFactorLastTry: "Залишилася одна спроба. Ще один неправильний код — і ваш обліковий запис буде заблоковано.",
			messageLastFactor: "Видалити цей спосіб не можна: ваші ролі вимагають підтверджувати вхід. Спершу додайте " +
				"інший.",
			messageSamePhone:         "Це ваш теперішній номер. Вкажіть інший.",
			messageInvitationRepeat:  "Паролі не збігаються. Введіть той самий пароль двічі.",
			messageInvitationAgree:   "Без згоди на обробку персональних даних обліковий запис створити не можна.",
			messageInvitationRules:   "Щоб прийняти запрошення, підтвердьте, що ви ознайомлені з правилами.",
			messageInvitationComplex: "У паролі мають бути велика й мала літери та цифра.",
			messageInvitationAway:    "Система охорони здоров’я зараз не відповідає. Спробуйте ще раз за хвилину.",

			messagePasskeyOver:  "Час на відповідь минув, або її вже надіслано. Спробуйте ще раз.",
			messagePasskeyWrong: "Відповідь ключа доступу не вдалося підтвердити. Спробуйте ще раз або увійдіть інакше.",
			messagePasskeyUnknown: "Цей ключ доступу тут не зареєстровано, або його видалено. Увійдіть інакше, а ключ " +
				"видаліть зі свого пристрою.",
			messagePasskeyCloned: "Вхід відхилено: схоже, що існує копія цього ключа доступу. Увійдіть інакше, видаліть " +
				"ключ і зверніться до адміністратора.",
			messagePasskeyTaken: "Цей ключ доступу вже зареєстровано.",
			MessageNoPasskey: "Для цього доступу потрібно ввійти з ключем доступу (passkey). Додайте його у своєму " +
				"обліковому записі, якщо ще не маєте, і почніть спочатку. Якщо ви вже ввійшли з ключем, потрібен такий, що " +
				"не копіюється на інші пристрої.",

			messageSignatureMissing: "Додайте підписаний файл, не більший за 1 МБ.",
			messageSignatureWrong: "Підпис не вдалося підтвердити. Підпишіть саме той файл, який пропонує ця сторінка, і " +
				"лише одним підписом.",
			messageSignerUnknown: "Не знайдено користувача з податковим номером, указаним у підписі.",
			messageSignatureAway: "Перевірка підписів тимчасово недоступна. Спробуйте пізніше.",

			MessageCodeBlocked: "Ви тричі ввели неправильний код, тому ваш обліковий запис заблоковано. " +
				"Зверніться до адміністратора: він може його розблокувати.",
			MessageNoFactor: "Для цього доступу потрібне додаткове підтвердження кодом із SMS, а для вашого облікового запису " +
				"його не налаштовано. " +
				"Зверніться до адміністратора.",
			MessageSignatureTooLarge: "Підписаний файл завеликий: дозволено не більше ніж 1 МБ.",

			MessageClientMissing:    "У запиті не вказано ідентифікатора застосунку.",
			MessageClientUnknown:    "Не знайдено застосунку за вказаним ідентифікатором.",
			MessageClientBlocked:    "Застосунок заблоковано.",
			MessageRedirectMissing:  "У запиті не вказано адреси повернення.",
			MessageRedirectMismatch: "Адреса повернення не збігається з жодною з адрес, зареєстрованих для застосунку.",
			MessageScopeMissing:     "У запиті не вказано, до яких даних потрібен доступ.",
			MessageScopeRefused:     "Застосунок просить доступу, який йому не можна надати.",
			MessageNoRoles:          "Цей користувач не має доступу до застосунку.",
			MessageUserBlocked:      "Обліковий запис заблоковано. Зверніться до адміністратора.",
			MessageAccessDenied:     "Доступ не надано.",
			MessageUnauthorized:     "Застосунок не має права на такий запит.",
			MessageDenied:           "Ви відмовили застосунку в доступі. Цю сторінку можна закрити.",
			MessageRequestDamaged:   "Запит пошкоджено або складено неправильно.",
			MessageRequestOver: "На цей запит застосунку вже надано відповідь, або час на неї минув. Поверніться до " +
				"застосунку й почніть спочатку.",
			MessageRequestTooLarge: "Запит застосунку завеликий.",
			MessagePendingExpired: "Час на вхід вичерпано: від його початку минуло понад 30 хвилин. " +
				"Поверніться до застосунку й почніть спочатку.",
			MessagePendingForeign: "Цю сторінку відкрито не з того браузера, в якому почато вхід, або посилання пошкоджене. " +
				"Поверніться до застосунку й почніть спочатку. Файли cookie мають бути дозволені.",
			MessageCrossOrigin: "Форму надіслано з іншого сайту, тому її відхилено. Поверніться до застосунку й " +
				"почніть спочатку.",
			MessageNoPage:    "Такої сторінки немає.",
			MessageNotTheirs: "Такого сеансу чи доступу у вас уже немає.",
			MessageChangeOver: "Зміну не завершено: минуло понад 10 хвилин, або ваші дані для входу тим часом змінилися. " +
				"Поверніться до облікового запису й почніть спочатку.",
			MessageUnavailable: "Спробуйте ще раз за хвилину.",
			MessageUnexpected: "Сталася непередбачена помилка. Спробуйте ще раз, а якщо не допоможе, повідомте " +
				"номер запиту.",
			DetailRedirectScheme:        "Від однієї із зареєстрованих вона відрізняється схемою.",
			DetailRedirectPort:          "Від однієї із зареєстрованих вона відрізняється портом.",
			DetailRedirectPath:          "Від однієї із зареєстрованих вона відрізняється шляхом.",
			DetailRedirectCase:          "Від однієї із зареєстрованих вона відрізняється великими чи малими літерами.",
			DetailRedirectTrailingSlash: "Від однієї із зареєстрованих вона відрізняється косою рискою в кінці.",
			DetailRedirectQuery:         "Від однієї із зареєстрованих вона відрізняється параметрами запиту.",
			DetailRedirectNotAbsolute:   "Це не повна адреса зі схемою.",
			DetailRedirectFragment:      "Вона має частину після знака #, а це не дозволено.",
			DetailRedirectUser:          "Вона має ім’я користувача чи пароль, а це не дозволено.",

			HintStartAgain:   "Поверніться до застосунку й почніть спочатку.",
			HintTellOperator: "Повідомте про це розробника застосунку та назвіть номер запиту.",
		},
	},
	english: {
		Operator: operatorTexts[english], Credentials: credentialTexts[english], Factors: factorTexts[english],
		Passkeys: passkeyTexts[english], Resets: passwordResetTexts[english], Invitations: invitationTexts[english],
		Captcha: captchaTexts[english], Data: dataTexts[english], Claims: claimTitles[english],
		Elsewhere: deviceTexts[english],

		language: english, LanguageName: "English", LanguageLabel: "Language",

		SignIn: "Sign in", SignInTo: "Sign in to continue to",
		Username: "Email", Password: "Password", SignInButton: "Sign in",
		PatientSignIn: "Patient sign-in", PatientSignInTo: "Sign in to your patient account to continue to",

		CodeTitle: "Confirmation code", CodeLead: "We have sent an SMS with a code to", CodeLabel: "Code from the SMS",
		CodeButton: "Confirm", CodeResend: "Send another code", CodeOtherNumber: "Use another number",
		PhoneTitle: "Phone number", PhoneLead: "Signing in needs an additional confirmation. Enter the number to which we " +
			"should send codes.",
		PhoneHint: "For example, 050 123 45 67 or +380501234567", PhoneLabel: "Mobile phone number",
		PhoneButton:      "Send a code",
		NewPasswordTitle: "New password", NewPasswordLead: "Your password has expired. Choose a new one to sign in.",
		NewPasswordAsked: "An administrator gave you this password. Choose one of your own to sign in.",
		NewPasswordHint: "At least 12 characters; a few random words work well. " +
			"Do not use a common password, your email or one of your last passwords.",
		NewPasswordLabel: "New password", NewPasswordButton: "Save and sign in",
		SignatureTitle: "Sign in with a digital signature", SignatureDownload: "Download the file to sign",
		SignatureContent: "Content of the file to sign",
		SignatureSign: "Sign it with your qualified electronic signature in the program you use, and include the " +
			"content of the file.",
		SignatureFile: "Add the signed file", Signing: signingEnglish,

		Consent: "Allow access", ConsentAsks: "asks for permission to:",
		ConsentNothing: "asks you to confirm the sign-in. It needs no other permission.",
		ConsentUntrusted: "This application is not registered here: nobody has checked who runs it, and it chose its name " +
			"itself. Allow access only if you trust the site",
		ConsentReturns: "After that you go to the site",
		ConsentReturnsToDevice: "A program on this device gets the access. Continue only if you have just started it " +
			"yourself.",
		ConsentScopes: "Permissions", ConsentCount: "Permissions in total:", ConsentFor: "Access to:",
		DetailYes: "yes", DetailNo: "no",
		SignedInAs: "You are signed in as",
		Accept:     "Allow", Deny: "Decline", SwitchUser: "Sign in as someone else",
		ClientPage: "Application website", Policy: "Privacy policy", Terms: "Terms of service",

		SignOut: "Sign out", SignOutAsk: "End your session in this browser?",
		SignOutNobody: "No one is signed in in this browser.",
		SignOutButton: "Sign out", SignedOut: "You are signed out",
		SignedOutMore: "Your session has ended. You can close this page.",
		SignedOutNext: "Your session has ended. You will return to the application in a moment.",

		Account: "My account", AccountLead: "Where you are signed in, and which applications have access.",
		AccountZone: "Times are Kyiv time.", AccountZoneOther: "Times are in the zone {zone}.",
		Sessions: "Sessions", SessionThis: "This browser", SessionUnknown: "Unknown device", SessionSince: "Signed in",
		SessionUsed: "last used", SessionAddress: "IP address", SessionEnd: "End session",
		SignOutEverywhere: "Sign out everywhere",
		Zone:              "Kyiv time",
		Devices:           map[string]string{devicePhone: "Phone", deviceTablet: "Tablet", deviceComputer: "Computer"},
		Approvals:         "Applications with access", ApprovalsNone: "You have not given any application access yet.",
		ApprovalSince: "Access granted", ApprovalOpen: "Open", ApprovalWithdraw: "Withdraw access",

		Returning: "Returning to the application", Continue: "Continue",

		Error: "Error", Failed: "We could not continue", Unavailable: "The service is temporarily unavailable",
		Detail: "For the developer", Received: "Received", Expected: "Expected", Code: "Error code",
		RequestID: "Request number",

		ByKey: map[string]string{
			messageEmpty:         "Enter your email and password.",
			messageWrong:         "The email or the password is wrong.",
			messageLimited:       "Too many failed attempts to sign in. Try again after {time}.",
			messageBlocked:       "Your account is blocked. Please contact your administrator.",
			messageNotRegistered: "This account has no patient record. Please ask your doctor.",

			messageCodeWrong:    "The code is wrong. Check it and try again.",
			messageCodeExpired:  "The code has expired. Send a new one.",
			messageCodeAttempts: "Too many attempts with this code. Send a new one.",
			messageCodeLimited:  "Too many codes within a minute. You can send another one after {time}.",
			messageCodeNotSent:  "The SMS could not be sent. Try again later.",
			messageCodeWrongTwo: "The code is wrong, and you have one attempt left. One more wrong code, and your account " +
				"will be " +
				"blocked. Check the code against the latest SMS, or send a new one.",
			messageCodeLastTry: "You have one attempt left. One more wrong code, and your account will be blocked. " +
				"Check the code against the latest SMS, or send a new one.",
			messageCodeSent: "A new code has been sent. The previous one no longer works.",
			messagePhone:    "Enter a Ukrainian mobile number, for example 050 123 45 67.",

			messagePasswordShort: "The password is too short: at least 12 characters are needed.",
			messagePasswordLong:  "The password is too long: 1024 characters at most are allowed.",
			messagePasswordKnown: "This password is easy to guess: it is a common one, or made of your email or the name of " +
				"this service. " +
				"Choose another, for example a few random words.",
			messageCaptcha: "It could not be checked that a person fills in the form. Allow this page to run scripts and try " +
				"again.",
			messageCaptchaAway:  "The check is not available for now. Try again in a few minutes.",
			messageEmail:        "Enter an email address, such as doctor@clinic.example.",
			messagePasswordUsed: "You have used this password before. Choose another.",

			messagePresentPassword: "The current password is wrong.",
			messagePasswordsEmpty:  "Fill in all three fields.",
			messagePasswordsDiffer: "The new password and its repetition differ.",
			messageFactorCode: "The code is wrong or was used before. Check that your phone shows the exact time, and enter a " +
				"new code.",
			messageFactorWrongTwo: "The code is wrong, and you have one attempt left. One more wrong code, and your account " +
				"will be blocked.",
			messageFactorLastTry: "You have one attempt left. One more wrong code, and your account will be blocked.",
			messageLastFactor: "This way cannot be removed: your roles require a confirmed sign-in. First add another " +
				"one.",
			messageSamePhone:         "This is your present number. Enter another one.",
			messageInvitationRepeat:  "The passwords differ. Enter the same password twice.",
			messageInvitationAgree:   "The account cannot be created without your consent to the processing of your data.",
			messageInvitationRules:   "To accept the invitation, confirm that you have read the rules.",
			messageInvitationComplex: "The password needs a capital letter, a small letter and a digit.",
			messageInvitationAway:    "The health system does not answer at the moment. Try again in a minute.",

			messagePasskeyOver:  "The time to answer has run out, or the answer was sent before. Try again.",
			messagePasskeyWrong: "The answer of the passkey could not be verified. Try again, or sign in another way.",
			messagePasskeyUnknown: "This passkey is not registered here, or was removed. Sign in another way, and remove " +
				"the passkey from your device.",
			messagePasskeyCloned: "The sign-in was refused: there seems to be a copy of this passkey. Sign in another way, " +
				"remove the passkey and contact your administrator.",
			messagePasskeyTaken: "This passkey is registered already.",
			MessageNoPasskey: "This access needs a sign-in with a passkey. Add one in your account if you have none, and " +
				"start again. If you have just signed in with a passkey, one is needed that is not copied to other devices.",

			messageSignatureMissing: "Add the signed file. It must not be larger than 1 MB.",
			messageSignatureWrong: "The signature could not be verified. Sign exactly the file that this page offers, with " +
				"one signature only.",
			messageSignerUnknown: "There is no user with the tax number in the signature.",
			messageSignatureAway: "Signatures can't be checked at the moment. Try again later.",

			MessageCodeBlocked: "You have entered a wrong code three times, so your account is blocked. " +
				"Please contact your administrator, who can unblock it.",
			MessageNoFactor: "This access needs an additional confirmation by an SMS code, which is not set up for your " +
				"account. " +
				"Please contact your administrator.",
			MessageSignatureTooLarge: "The signed file is too large: at most 1 MB is allowed.",

			MessageClientMissing:    "The request does not say which application it is for.",
			MessageClientUnknown:    "No application is registered under the given identifier.",
			MessageClientBlocked:    "The application is blocked.",
			MessageRedirectMissing:  "The request has no return address.",
			MessageRedirectMismatch: "The return address does not match any address registered for the application.",
			MessageScopeMissing:     "The request does not say what access it needs.",
			MessageScopeRefused:     "The application asks for access that it cannot have.",
			MessageNoRoles:          "This user has no access to the application.",
			MessageUserBlocked:      "Your account is blocked. Please contact your administrator.",
			MessageAccessDenied:     "Access was not granted.",
			MessageUnauthorized:     "The application may not make such a request.",
			MessageDenied:           "You declined the application’s request for access. You can close this page.",
			MessageRequestDamaged:   "The request is damaged or malformed.",
			MessageRequestOver: "This request of the application was already answered, or the time to answer it has run " +
				"out. Return to the application and start again.",
			MessageRequestTooLarge: "The application’s request is too large.",
			MessagePendingExpired: "The time to sign in has run out: more than 30 minutes have passed since it began. " +
				"Return to the application and start again.",
			MessagePendingForeign: "This page was not opened in the browser in which the sign-in began, or the link is " +
				"damaged. " +
				"Return to the application and start again. Cookies must be allowed.",
			MessageCrossOrigin: "The form was sent from another site, so it was rejected. Return to the application " +
				"and start again.",
			MessageNoPage:    "There is no such page.",
			MessageNotTheirs: "You no longer have such a session or access.",
			MessageChangeOver: "The change was not completed: more than 10 minutes have passed, or your sign-in data changed " +
				"meanwhile. Return to your account and start again.",
			MessageUnavailable: "Please try again in a minute.",
			MessageUnexpected: "Something unexpected went wrong. Try again; if that does not help, report the " +
				"request number.",
			DetailRedirectScheme:        "One of them differs in its scheme.",
			DetailRedirectPort:          "One of them differs in its port.",
			DetailRedirectPath:          "One of them has the same host and another path.",
			DetailRedirectCase:          "One of them differs in small and capital letters.",
			DetailRedirectTrailingSlash: "One of them differs in its trailing slash.",
			DetailRedirectQuery:         "One of them differs in its query.",
			DetailRedirectNotAbsolute:   "It is not an absolute URI.",
			DetailRedirectFragment:      "It has a fragment, which is not allowed.",
			DetailRedirectUser:          "It has user information, which is not allowed.",

			HintStartAgain:   "Return to the application and start again.",
			HintTellOperator: "Please tell the developer of the application and quote the request number.",
		},
	},
}
