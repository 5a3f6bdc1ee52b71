package login

import "ithildin/storage"

// dataText is what the pages about a person's data say in one language: the copy of it, and who had access to it.
type dataText struct {
	AccessTitle, AccessLead                           string
	Clients, ClientsNone, ClientSince, ClientLast     string
	Administrators, AdministratorsNone, Administrator string
	ExportTitle, ExportLead, ExportMore, ExportButton string
	// Events are what administrators did, by the kind of the event of the audit; one that is not among them is Other.
	Events map[string]string
	Other  string
}

var dataTexts = map[string]*dataText{
	ukrainian: {
		AccessTitle: "Хто мав доступ до моїх даних",
		AccessLead: "Застосунки, які отримували доступ від вашого імені, та адміністратори, які переглядали або змінювали " +
			"ваш обліковий запис.",
		Clients: "Застосунки", ClientsNone: "Жоден застосунок доступу не отримував.", ClientSince: "дозвіл надано",
		ClientLast:         "востаннє отримав доступ",
		Administrators:     "Адміністратори",
		AdministratorsNone: "Адміністратори вашого облікового запису не переглядали й не змінювали.",
		Administrator:      "Адміністратор",
		ExportTitle:        "Копія моїх даних",
		ExportLead: "Ви завантажите файл JSON з тим, що тут про вас зберігається: обліковий запис, способи " +
			"підтвердження, сеанси, надані доступи, ролі та останні події.",
		ExportMore:   "Паролів, ключів і кодів у файлі немає. Збережіть його там, де його не побачать інші.",
		ExportButton: "Завантажити",
		Events: map[string]string{
			storage.EventUserViewed: "Перегляд ваших даних", storage.EventUserCreated: "Створення облікового запису",
			storage.EventUserUpdated: "Зміна ваших даних", storage.EventUserBlocked: "Блокування",
			storage.EventUserUnblocked: "Розблокування", storage.EventPasswordSet: "Зміна пароля",
			storage.EventPasswordResetSent: "Надсилання посилання для пароля",
			storage.EventFactorCreated:     "Додавання способу підтвердження",
			storage.EventFactorChanged:     "Зміна способу підтвердження",
			storage.EventFactorDeleted:     "Видалення способу підтвердження",
			storage.EventPasskeyDeleted:    "Видалення ключа доступу",
			storage.EventRoleGranted:       "Надання ролі", storage.EventRoleRevoked: "Скасування ролі",
			storage.EventSessionEnded: "Завершення сеансу", storage.EventUserSignedOut: "Завершення всіх сеансів",
			storage.EventApprovalDeleted: "Скасування доступу застосунку",
		},
		Other: "Інша дія з обліковим записом",
	},
	english: {
		AccessTitle: "Who had access to my data",
		AccessLead: "Applications that got access in your name, and administrators who looked at your account or changed " +
			"it.",
		Clients: "Applications", ClientsNone: "No application has got access.", ClientSince: "allowed",
		ClientLast:         "last got access",
		Administrators:     "Administrators",
		AdministratorsNone: "No administrator has looked at your account or changed it.",
		Administrator:      "Administrator",
		ExportTitle:        "A copy of my data",
		ExportLead: "You will download a JSON file with what is kept about you here: the account, ways to confirm, " +
			"sessions, approvals, roles and the latest events.",
		ExportMore:   "It holds no passwords, keys or codes. Keep it where nobody else sees it.",
		ExportButton: "Download",
		Events: map[string]string{
			storage.EventUserViewed: "Looked at your data", storage.EventUserCreated: "Created the account",
			storage.EventUserUpdated: "Changed your data", storage.EventUserBlocked: "Blocked the account",
			storage.EventUserUnblocked: "Unblocked the account", storage.EventPasswordSet: "Changed the password",
			storage.EventPasswordResetSent: "Sent a link for the password",
			storage.EventFactorCreated:     "Added a way to confirm",
			storage.EventFactorChanged:     "Changed a way to confirm",
			storage.EventFactorDeleted:     "Removed a way to confirm",
			storage.EventPasskeyDeleted:    "Removed a passkey",
			storage.EventRoleGranted:       "Gave a role", storage.EventRoleRevoked: "Took a role",
			storage.EventSessionEnded: "Ended a session", storage.EventUserSignedOut: "Ended all sessions",
			storage.EventApprovalDeleted: "Withdrew the access of an application",
		},
		Other: "Did something else with the account",
	},
}
