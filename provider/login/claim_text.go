package login

import "cmp"

// claimTitles say what a single claim of OIDC Core 5.1 tells an application, as the scopes' titles do.
var claimTitles = map[string]map[string]string{
	ukrainian: {
		"name": "Бачити ваше повне ім’я", "given_name": "Бачити ваше ім’я", "family_name": "Бачити ваше прізвище",
		"middle_name": "Бачити ваше по батькові", "nickname": "Бачити ваш псевдонім",
		"preferred_username": "Бачити ваше ім’я користувача", "profile": "Бачити адресу сторінки вашого профілю",
		"picture": "Бачити ваше фото", "website": "Бачити адресу вашого сайту", "gender": "Бачити вашу стать",
		"birthdate": "Бачити вашу дату народження", "zoneinfo": "Бачити ваш часовий пояс", "locale": "Бачити вашу мову",
		"updated_at": "Бачити, коли ваш профіль було змінено", "email": "Бачити вашу адресу електронної пошти",
		"email_verified": "Бачити, чи підтверджено адресу вашої електронної пошти", "address": "Бачити вашу поштову адресу",
		"phone_number": "Бачити ваш номер телефону", "phone_number_verified": "Бачити, чи підтверджено ваш номер телефону",
	},
	english: {
		"name": "See your full name", "given_name": "See your first name", "family_name": "See your last name",
		"middle_name": "See your middle name", "nickname": "See your short name",
		"preferred_username": "See your user name", "profile": "See the address of your profile page",
		"picture": "See your picture", "website": "See the address of your website", "gender": "See your gender",
		"birthdate": "See your date of birth", "zoneinfo": "See your time zone", "locale": "See your language",
		"updated_at": "See when your profile was changed", "email": "See your email address",
		"email_verified": "See whether your email address was confirmed", "address": "See your postal address",
		"phone_number": "See your phone number", "phone_number_verified": "See whether your phone number was confirmed",
	},
}

// claimTitle is the name of the claim where the pages have no words for it: nobody agrees to an empty line.
func (t *messageSet) claimTitle(name string) string { return cmp.Or(t.Claims[name], name) }
