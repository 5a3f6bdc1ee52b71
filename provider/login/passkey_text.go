package login

// The message keys of passkeys.
const (
	messagePasskeyOver    = "passkey_over"
	messagePasskeyWrong   = "passkey_wrong"
	messagePasskeyUnknown = "passkey_unknown"
	messagePasskeyCloned  = "passkey_cloned"
	messagePasskeyTaken   = "passkey_taken"

	changedPasskeyAdded   = "passkey_added"
	changedPasskeyRemoved = "passkey_removed"
)

// passkeyText is what the pages say about passkeys in one language.
type passkeyText struct {
	FactorTitle, FactorLead, FactorButton, FactorUnsupported string // as second factor
	SignIn                                                   string
	Title, Lead, Confirm, None, Full                         string
	Created, Used, NeverUsed, Synchronised, Remove           string
	EnrolLead, EnrolHardware                                 string // in a sign-in
	AddTitle, Name, NameHint, Add, Unsupported               string
	Cancelled, Known, Failed                                 string
	// Changed is what the page says after a change.
	Changed map[string]string
}

var passkeyTexts = map[string]*passkeyText{
	ukrainian: {
		SignIn:      "Увійти з ключем доступу",
		FactorTitle: "Підтвердження ключем доступу",
		FactorLead: "Щоб завершити вхід, підтвердьте його ключем доступу (passkey): на цьому пристрої, на телефоні або " +
			"на ключі безпеки.",
		FactorButton:      "Підтвердити ключем доступу",
		FactorUnsupported: "Для цього потрібен браузер, який підтримує ключі доступу, з увімкненим JavaScript.",
		Title:             "Ключі доступу",
		Lead: "Ключ доступу (passkey) замінює пароль і код: ви підтверджуєте вхід відбитком пальця, обличчям або " +
			"PIN-кодом свого пристрою. Підроблений сайт таким ключем не скористається.",
		Confirm: "Щоб змінити ключі доступу, спершу підтвердьте, що це ви.",
		None:    "У вас ще немає ключів доступу.",
		Full:    "У вас уже найбільша можлива кількість ключів. Щоб додати новий, видаліть один із наявних.",
		Created: "Додано", Used: "останній вхід", NeverUsed: "ще не використано",
		Synchronised: "синхронізується між пристроями", Remove: "Видалити",
		EnrolLead: "Для цього доступу потрібен ключ доступу (passkey), а у вашому обліковому записі його ще немає. Додайте " +
			"ключ на цьому пристрої, на телефоні або на ключі безпеки.",
		EnrolHardware: "Ваш ключ доступу синхронізується між пристроями, а для цього доступу потрібен такий, що не " +
			"копіюється, наприклад ключ безпеки. Додайте його.",
		AddTitle: "Новий ключ доступу", Name: "Назва",
		NameHint: "Щоб відрізняти ключі, наприклад: «Робочий ноутбук».", Add: "Додати ключ доступу",
		Unsupported: "Щоб додати ключ, відкрийте цю сторінку в браузері, який підтримує ключі доступу, з увімкненим " +
			"JavaScript.",
		Cancelled: "Запит скасовано, або минув його час. Спробуйте ще раз.",
		Known:     "На цьому пристрої вже є ваш ключ доступу.",
		Failed:    "Браузер не зміг скористатися ключем доступу. Спробуйте ще раз або оберіть інший спосіб.",
		Changed: map[string]string{
			changedPasskeyAdded:   "Ключ доступу додано.",
			changedPasskeyRemoved: "Ключ доступу видалено. Видаліть його також зі свого пристрою.",
		},
	},
	english: {
		SignIn:      "Sign in with a passkey",
		FactorTitle: "Confirm with a passkey",
		FactorLead: "To complete the sign-in, confirm it with a passkey: on this device, on your phone or on a security " +
			"key.",
		FactorButton:      "Confirm with a passkey",
		FactorUnsupported: "This needs a browser that supports passkeys, with JavaScript turned on.",
		Title:             "Passkeys",
		Lead: "A passkey takes the place of password and code: you confirm a sign-in by your fingerprint, your face or " +
			"the PIN of your device. A fake site has no use for it.",
		Confirm: "To change your passkeys, first confirm that it is you.",
		None:    "You have no passkeys yet.",
		Full:    "You have as many passkeys as possible. To add another one, remove one of these.",
		Created: "Added", Used: "last sign-in", NeverUsed: "not used yet",
		Synchronised: "synchronised between devices", Remove: "Remove",
		EnrolLead: "This access needs a passkey, and your account has none yet. Add one on this device, on your phone or " +
			"on a security key.",
		EnrolHardware: "Your passkey is synchronised between devices, and this access needs one that is not copied, such " +
			"as a security key. Add it.",
		AddTitle: "Another passkey", Name: "Name",
		NameHint: "To tell your passkeys apart, for example: “Laptop at work”.", Add: "Add a passkey",
		Unsupported: "To add a passkey, open this page in a browser that supports passkeys, with JavaScript turned on.",
		Cancelled:   "The request was cancelled, or its time has run out. Try again.",
		Known:       "This device has a passkey of yours already.",
		Failed:      "The browser could not use a passkey. Try again, or choose another way.",
		Changed: map[string]string{
			changedPasskeyAdded:   "The passkey was added.",
			changedPasskeyRemoved: "The passkey was removed. Remove it from your device too.",
		},
	},
}
