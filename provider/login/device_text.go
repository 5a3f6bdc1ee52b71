package login

// deviceText is what the pages say about a request of a device that is elsewhere, in one language. Most of it is
// against those who have somebody approve a device of theirs (RFC 8628 5.4).
type deviceText struct {
	CodeTitle, CodeLead, CodeWarning, CodeLabel, CodeHint, CodeButton, CodeWrong, CodeLimited string

	ConfirmTitle, ConfirmAsks, ConfirmNothing, ConfirmWarning string
	UserCode, Begun, From, Matches, Unconfirmed               string

	ApprovedTitle, ApprovedLead, ApprovedMore string
	DeniedTitle, DeniedLead, DeniedMore       string
	OverTitle, OverLead                       string
}

var deviceTexts = map[string]*deviceText{
	ukrainian: {
		CodeTitle: "Вхід на іншому пристрої", CodeLead: "Введіть код, який показує ваш пристрій.",
		CodeWarning: "Вводьте код, лише якщо ви самі щойно почали вхід на пристрої, який перед вами. Код, який вам " +
			"надіслали чи продиктували, не вводьте: так шахраї отримують доступ до чужих даних.",
		CodeLabel: "Код на пристрої", CodeHint: "Вісім латинських літер, наприклад WDJB-MJHT.", CodeButton: "Продовжити",
		CodeWrong: "Такого коду немає, або він більше не діє. Звірте його з пристроєм чи отримайте на пристрої " +
			"новий.",
		CodeLimited: "Забагато неправильних кодів. Спробуйте знову після {time}.",

		ConfirmTitle:   "Надати доступ іншому пристрою?",
		ConfirmAsks:    "на іншому пристрої просить доступ до такого від вашого імені:",
		ConfirmNothing: "на іншому пристрої просить підтвердити, що ви — це ви.",
		ConfirmWarning: "Дозволяйте, лише якщо ви самі почали вхід на пристрої, який перед вами. Якщо код чи посилання " +
			"вам хтось надіслав або продиктував, відхиліть: дозвіл відкриє цій людині доступ від вашого імені.",
		UserCode: "Код на пристрої", Begun: "Запит почато", From: "З адреси",
		Matches: "Я бачу цей самий код на своєму пристрої",
		Unconfirmed: "Звірте код із пристроєм і позначте, що вони збігаються. Якщо пристрою перед вами немає, " +
			"відхиліть запит.",

		ApprovedTitle: "Доступ надано", ApprovedLead: "Поверніться до пристрою: за кілька секунд він продовжить роботу.",
		ApprovedMore: "Цю сторінку можна закрити. Скасувати доступ можна у вашому обліковому записі.",
		DeniedTitle:  "Запит відхилено", DeniedLead: "Пристрій не отримав доступу.",
		DeniedMore: "Якщо ви не починали входу на іншому пристрої, комусь потрібен доступ від вашого імені. Нікому не " +
			"повідомляйте паролів і кодів.",
		OverTitle: "Цей код більше не діє", OverLead: "Його час минув, або на запит уже відповіли. Почніть знову на " +
			"пристрої.",
	},
	english: {
		CodeTitle: "Sign in on another device", CodeLead: "Enter the code that your device shows.",
		CodeWarning: "Enter a code only if you have just begun to sign in yourself, on a device in front of you. Do not " +
			"enter a code that somebody sent you or reads out to you: that is how fraudsters get at other people’s data.",
		CodeLabel: "Code on the device", CodeHint: "Eight letters, such as WDJB-MJHT.", CodeButton: "Continue",
		CodeWrong: "There is no such code, or it is over. Compare it with the device, or get a new one there.",

		CodeLimited: "Too many wrong codes. Try again after {time}.",

		ConfirmTitle:   "Give another device access?",
		ConfirmAsks:    "asks, on another device, for access to this in your name:",
		ConfirmNothing: "asks, on another device, to confirm that you are you.",
		ConfirmWarning: "Allow this only if you began to sign in yourself, on a device in front of you. If somebody sent " +
			"you the code or a link, or reads it out to you, decline: to allow it would give that person access in your name.",
		UserCode: "Code on the device", Begun: "Begun", From: "From the address",
		Matches: "I see the same code on my device",
		Unconfirmed: "Compare the code with the device and tick that they match. If the device is not in front of you, " +
			"decline.",

		ApprovedTitle: "Access granted", ApprovedLead: "Go back to the device: it continues in a few seconds.",
		ApprovedMore: "You can close this page. You can withdraw the access in your account.",
		DeniedTitle:  "Declined", DeniedLead: "The device got no access.",
		DeniedMore: "If you did not begin to sign in on another device, somebody wants access in your name. Tell nobody " +
			"your passwords and codes.",
		OverTitle: "This code is over", OverLead: "Its time has passed, or the request was answered already. Begin again " +
			"on the device.",
	},
}
