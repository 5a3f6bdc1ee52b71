package login

import (
	"ithildin/provider/identity"
	"ithildin/storage"
)

// The message keys of the forms of second factors, and what the account says after a change of them.
const (
	messageFactorCode     = "factor_code"
	messageFactorWrongTwo = "factor_code_wrong_two"
	messageFactorLastTry  = "factor_code_last_try"
	messageLastFactor     = "last_factor"
	changedFactorAdded    = "factor_added"
	changedFactorRemoved  = "factor_removed"
)

// typedFactorText is what a page that takes a second factor says.
type typedFactorText struct{ Title, Lead, Label string }

// factorText is what the pages of second factors say in one language.
type factorText struct {
	Title, Added, Used, NeverUsed, Add, Codes, CodesLeft, Remove string // of the account

	ChooseTitle, ChooseLead, ChooseOther string
	Kinds                                map[string]string // by the kind of factor, as a choice and in the account
	Authenticator, RecoveryCode          typedFactorText

	EnrolTitle, EnrolLead, EnrolRequired, EnrolCode, EnrolButton string
	QRCodeAlt, SecretLead, NameLabel, NameHint, NameDefault      string
	TooMany, NoFactors                                           string

	FirstTitle, FirstLead, FirstMore, FirstOff, FirstSend string

	Remember, Remembered, RememberedUntil, Forget string // of browsers that are asked for nothing more
	OneAlone                                      string

	RecoveryCodesTitle, RecoveryCodesLead, RecoveryDownload, RecoverySaved string
	NewCodesTitle, NewCodesLead, NewCodesLeft, NewCodesButton              string
	RemoveTitle, RemoveLead, RemoveMore, RemoveLast, RemoveButton          string
}

var factorTexts = map[string]*factorText{
	ukrainian: {
		Title: "Підтвердження входу", Added: "додано", Used: "востаннє використано", NeverUsed: "ще не використовувався",
		Add: "Додати застосунок-автентифікатор", Codes: "Створити нові резервні коди", CodesLeft: "залишилося:",
		Remove: "Видалити",

		ChooseTitle: "Інший спосіб підтвердження", ChooseLead: "Виберіть, як підтвердити, що це ви.",
		ChooseOther: "Підтвердити іншим способом",
		Kinds: map[string]string{
			identity.FactorSMS: "Код із SMS на номер", storage.FactorTOTP: "Код із застосунку-автентифікатора",
			storage.FactorPasskey:      "Ключ доступу",
			storage.FactorRecoveryCode: "Резервний код",
		},
		Authenticator: typedFactorText{
			Title: "Код із застосунку",
			Lead:  "Відкрийте застосунок-автентифікатор і введіть код, який він показує для цього облікового запису.",
			Label: "Код із застосунку",
		},
		RecoveryCode: typedFactorText{
			Title: "Резервний код",
			Lead:  "Введіть один із резервних кодів, які ви зберегли. Кожен із них спрацює лише один раз.",
			Label: "Резервний код",
		},

		EnrolTitle: "Новий застосунок-автентифікатор",
		EnrolLead:  "Відскануйте QR-код у застосунку-автентифікаторі на телефоні, а тоді введіть код, який він покаже.",
		EnrolRequired: "Для цього доступу потрібне додаткове підтвердження входу, а для вашого облікового запису його ще " +
			"не налаштовано.",
		EnrolCode: "Код, який показує застосунок", EnrolButton: "Додати застосунок",
		QRCodeAlt:  "QR-код із ключем для застосунку; цей ключ текстом наведено нижче",
		SecretLead: "Не вдається відсканувати? Введіть у застосунку цей ключ:",
		NameLabel:  "Назва, за якою ви його впізнаєте", NameHint: "Наприклад, «Робочий телефон». Можна не вказувати.",
		NameDefault: "Застосунок-автентифікатор",
		TooMany:     "Ви вже додали стільки застосунків, скільки можна мати. Спершу видаліть той, яким не користуєтеся.",
		NoFactors: "Резервні коди замінюють інший спосіб підтвердження, а його ще не налаштовано. Спершу додайте " +
			"застосунок-автентифікатор.",

		FirstTitle: "Спершу підтвердьте свою пошту",
		FirstLead: "Перший спосіб підтвердження входу можна додати, лише відкривши посилання з листа: самого пароля для " +
			"цього замало, адже його міг дізнатися хтось інший.",
		FirstMore: "Ми надішлемо листа на вашу електронну пошту. За посиланням у ньому ви задасте новий пароль, увійдете й " +
			"додасте спосіб підтвердження.",
		FirstOff:  "Попросіть посилання в адміністратора.",
		FirstSend: "Надіслати листа",

		Remember:   "Не питати підтвердження в цьому браузері ще {days} дн. Не позначайте на чужому або спільному пристрої.",
		Remembered: "Браузери, де підтвердження не питають", RememberedUntil: "до", Forget: "Знову питати",
		OneAlone: "У вас лише один спосіб підтвердження. Додайте ще один, щоб не втратити доступ, якщо перший загубиться.",

		RecoveryCodesTitle: "Резервні коди",
		RecoveryCodesLead: "Роздрукуйте ці коди або збережіть там, де їх не знайдуть інші. Якщо телефона не буде під " +
			"рукою, кожен із них один раз підтвердить вхід. Більше ми їх не покажемо.",
		RecoveryDownload: "Завантажити як текстовий файл", RecoverySaved: "Коди збережено, продовжити",
		NewCodesTitle: "Нові резервні коди",
		NewCodesLead:  "Ми покажемо десять нових резервних кодів. Попередні коди після цього не діятимуть.",
		NewCodesLeft:  "Невикористаних кодів зараз:", NewCodesButton: "Створити нові коди",
		RemoveTitle: "Видалення способу підтвердження", RemoveLead: "Видалити застосунок-автентифікатор:",
		RemoveMore: "Коди з нього більше не підтверджуватимуть вхід.",
		RemoveLast: "Це ваш останній спосіб підтвердження. Після видалення для входу вистачить самого пароля, а резервні " +
			"коди не діятимуть.",
		RemoveButton: "Видалити",
	},
	english: {
		Title: "Sign-in confirmation", Added: "added", Used: "last used", NeverUsed: "not used yet",
		Add: "Add an authenticator app", Codes: "Make new recovery codes", CodesLeft: "left:", Remove: "Remove",

		ChooseTitle: "Another way to confirm", ChooseLead: "Choose how to confirm that it is you.",
		ChooseOther: "Confirm in another way",
		Kinds: map[string]string{
			identity.FactorSMS: "A code by SMS to", storage.FactorTOTP: "A code from an authenticator app",
			storage.FactorPasskey:      "A passkey",
			storage.FactorRecoveryCode: "A recovery code",
		},
		Authenticator: typedFactorText{
			Title: "Code from the app",
			Lead:  "Open your authenticator app and enter the code that it shows for this account.",
			Label: "Code from the app",
		},
		RecoveryCode: typedFactorText{
			Title: "Recovery code",
			Lead:  "Enter one of the recovery codes that you have kept. Each of them works once.",
			Label: "Recovery code",
		},

		EnrolTitle:    "New authenticator app",
		EnrolLead:     "Scan the QR code with an authenticator app on your phone, then enter the code that it shows.",
		EnrolRequired: "This access needs a second confirmation of the sign-in, which is not set up for your account yet.",
		EnrolCode:     "Code that the app shows", EnrolButton: "Add the app",
		QRCodeAlt:  "QR code with the key for the app; the key is written out below",
		SecretLead: "Cannot scan it? Type this key into the app:",
		NameLabel:  "A name by which you will know it", NameHint: "For example “Work phone”. You may leave it out.",
		NameDefault: "Authenticator app",
		TooMany:     "You have added as many apps as one may have. First remove one that you do not use.",
		NoFactors: "Recovery codes stand in for another way to confirm, and none is set up yet. First add an authenticator " +
			"app.",

		FirstTitle: "First confirm your mailbox",
		FirstLead: "The first way to confirm a sign-in is added only after you have opened a link in a mail: the password " +
			"alone is not enough for that, since somebody else may know it.",
		FirstMore: "We will send a mail to your address. By its link you set a new password, sign in and add a way to " +
			"confirm.",
		FirstOff:  "Ask your administrator for a link.",
		FirstSend: "Send the mail",

		Remember:   "Do not ask this browser for {days} days. Leave this empty on a shared device.",
		Remembered: "Browsers that are not asked for a confirmation", RememberedUntil: "until", Forget: "Ask again",
		OneAlone: "You have only one way to confirm. Add another one, so that you keep your access if the first is lost.",

		RecoveryCodesTitle: "Recovery codes",
		RecoveryCodesLead: "Print these codes, or keep them where nobody else finds them. When your phone is not at hand, " +
			"each of them confirms one sign-in. We will not show them again.",
		RecoveryDownload: "Download as a text file", RecoverySaved: "I have kept the codes, continue",
		NewCodesTitle: "New recovery codes",
		NewCodesLead:  "We will show ten new recovery codes. The codes before stop working with that.",
		NewCodesLeft:  "Unused codes now:", NewCodesButton: "Make new codes",
		RemoveTitle: "Remove a way to confirm", RemoveLead: "Remove the authenticator app:",
		RemoveMore: "Its codes will no longer confirm a sign-in.",
		RemoveLast: "This is your last way to confirm. Once it is removed, the password alone signs you in, and the " +
			"recovery codes stop working.",
		RemoveButton: "Remove",
	},
}
