package login

// passwordResetText is what the pages of a forgotten password say in one language.
type passwordResetText struct {
	Forgot, Title, Lead, Send string
	SentTitle, Sent, SentMore string
	Again                     string
	OverTitle, Over, Off      string
	For, Save, Saved          string
}

var passwordResetTexts = map[string]*passwordResetText{
	ukrainian: {
		Forgot: "Забули пароль?", Title: "Забули пароль?",
		Lead: "Вкажіть електронну пошту свого облікового запису. Ми надішлемо на неї посилання, за яким ви задасте новий " +
			"пароль.",
		Send: "Надіслати посилання", SentTitle: "Перевірте пошту",
		Sent: "Якщо обліковий запис із такою адресою є, лист із посиланням уже в дорозі.",
		SentMore: "Лист зазвичай надходить за кілька хвилин. Якщо його немає, перегляньте теку «Спам» і перевірте, чи " +
			"правильно вказано адресу. Попросити ще один лист можна за хвилину.",
		Again: "Надіслати інше посилання", OverTitle: "Посилання вже не діє",
		Over: "За цим посиланням пароль уже задали, або строк його дії минув, або ви попросили новіше. Попросіть інше " +
			"посилання.",
		Off: "Пароль вам може змінити адміністратор. Зверніться до нього.",
		For: "Придумайте новий пароль для облікового запису", Save: "Зберегти пароль",
		Saved: "Новий пароль збережено. Тепер увійдіть із ним.",
	},
	english: {
		Forgot: "Forgot your password?", Title: "Forgot your password?",
		Lead: "Enter the email address of your account. We will send a link to it by which you set a new password.",
		Send: "Send a link", SentTitle: "Check your email",
		Sent: "If there is an account with this address, a message with a link is on its way.",
		SentMore: "It usually takes a few minutes. If nothing comes, look into your spam folder and check that you " +
			"entered the right address. You may ask for another message in a minute.",
		Again: "Send another link", OverTitle: "This link no longer works",
		Over: "A password was set by this link already, or its time is over, or you asked for a newer one. Ask for " +
			"another link.",
		Off: "Your administrator can set another password for you. Please turn to them.",
		For: "Choose a new password for the account", Save: "Save the password",
		Saved: "Your new password is saved. Now sign in with it.",
	},
}
