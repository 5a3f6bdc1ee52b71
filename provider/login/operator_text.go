package login

// operatorText is what the pages say of the operator in one language.
type operatorText struct {
	Title, Mail, Phone, Hours       string
	Terms, Privacy                  string
	ConditionsTitle, ConditionsNone string
}

var operatorTexts = map[string]*operatorText{
	ukrainian: {
		Title: "Потрібна допомога?", Mail: "Електронна пошта:", Phone: "Телефон:", Hours: "Години роботи:",
		Terms: "Умови користування сервісом", Privacy: "Політика конфіденційності сервісу",
		ConditionsTitle: "Умови користування",
		ConditionsNone: "Окремих умов користування для цієї сторінки входу не оприлюднено. Умови застосунку шукайте на " +
			"його сайті.",
	},
	english: {
		Title: "Need help?", Mail: "Email:", Phone: "Phone:", Hours: "Hours:",
		Terms: "Terms of this service", Privacy: "Privacy policy of this service",
		ConditionsTitle: "Terms of use",
		ConditionsNone: "No separate terms of use are published for this sign-in page. For those of an application, see " +
			"its website.",
	},
}
