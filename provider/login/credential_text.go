package login

// The message keys of the forms on which a signed-in person changes their password or phone.
const (
	messagePresentPassword = "present_password"
	messagePasswordsEmpty  = "passwords_empty"
	messagePasswordsDiffer = "passwords_differ"
	messageSamePhone       = "same_phone"
	changedPhone           = "phone"
	changedPassword        = "password"
)

// credentialText is what the pages of a change of password or phone say in one language.
type credentialText struct {
	Cancel                                             string
	PasswordTitle, PasswordLead, PasswordCode          string
	Present, New, Repeat, PasswordButton, PasswordHint string
	PasswordNone                                       string
	PhoneTitle, PhoneLead, PhoneButton, PhoneLost      string
	NewPhoneTitle, NewPhoneLead, ConfirmTitle          string
	PhoneNone, PhoneLimited                            string
	// Changed is what the account says after a change.
	Changed map[string]string
}

var credentialTexts = map[string]*credentialText{
	ukrainian: {
		Cancel:        "Повернутися без змін",
		PasswordTitle: "Зміна пароля",
		PasswordLead:  "Після зміни ви залишитеся в системі лише в цьому браузері: решту сеансів буде завершено.",
		PasswordCode:  "Щоб підтвердити зміну, ми надішлемо код на номер",
		Present:       "Поточний пароль", New: "Новий пароль", Repeat: "Новий пароль ще раз",
		PasswordButton: "Змінити пароль",
		PasswordHint: "Щонайменше 12 символів; добре підходять кілька випадкових слів. Не беріть поширених паролів, своєї " +
			"електронної пошти чи одного з останніх трьох паролів.",
		PasswordNone: "Ви входите без пароля, тому змінювати нічого.",
		PhoneTitle:   "Зміна номера телефону",
		PhoneLead:    "Спершу підтвердьте, що це ви. Далі ми надішлемо код на ваш теперішній номер",
		PhoneButton:  "Продовжити",
		PhoneLost: "Немає доступу до цього номера? Зверніться до адміністратора: він скине його, і новий ви вкажете під " +
			"час наступного входу.",
		NewPhoneTitle: "Новий номер телефону",
		NewPhoneLead:  "Вкажіть номер, на який надходитимуть коди для входу. Ми надішлемо на нього код.",
		ConfirmTitle:  "Підтвердження нового номера",
		PhoneNone: "Для вашого облікового запису не налаштовано підтвердження кодом із SMS. Щоб додати номер, зверніться " +
			"до адміністратора.",
		PhoneLimited: "Ви вже змінювали номер телефону зовсім недавно. Спробуйте пізніше, а якщо зміна потрібна зараз, " +
			"зверніться до адміністратора.",
		Changed: map[string]string{
			changedPassword:    "Пароль змінено. Решту сеансів завершено.",
			changedPhone:       "Номер телефону змінено. Ми повідомили про це на попередній номер.",
			changedFactorAdded: "Застосунок-автентифікатор додано.", changedFactorRemoved: "Спосіб підтвердження видалено.",
		},
	},
	english: {
		Cancel:        "Go back without changes",
		PasswordTitle: "Change password",
		PasswordLead:  "After the change you stay signed in in this browser only: all other sessions end.",
		PasswordCode:  "To confirm the change, we will send a code to",
		Present:       "Current password", New: "New password", Repeat: "New password again",
		PasswordButton: "Change password",
		PasswordHint: "At least 12 characters; a few random words work well. Do not use a common password, your email or " +
			"one of your last three passwords.",
		PasswordNone: "You sign in without a password, so there is nothing to change.",
		PhoneTitle:   "Change phone number",
		PhoneLead:    "First confirm that it is you. Then we will send a code to your present number",
		PhoneButton:  "Continue",
		PhoneLost: "No access to this number? Ask an administrator to reset it; you then enter a new one at your next " +
			"sign-in.",
		NewPhoneTitle: "New phone number",
		NewPhoneLead:  "Enter the number to which we should send codes for signing in. We will send a code to it.",
		ConfirmTitle:  "Confirm the new number",
		PhoneNone:     "Confirmation by SMS is not set up for your account. To add a number, ask an administrator.",
		PhoneLimited: "You have changed your phone number a short time ago. Try again later or, if it has to be now, ask " +
			"an administrator.",
		Changed: map[string]string{
			changedPassword:    "The password was changed. All other sessions have ended.",
			changedPhone:       "The phone number was changed. We have told the number before.",
			changedFactorAdded: "The authenticator app was added.", changedFactorRemoved: "The way to confirm was removed.",
		},
	},
}
