package login

// operatorText is what the pages say of the operator in one language.
type operatorText struct {
	Title, Mail, Phone, Hours       string
	Terms, Privacy                  string
	ConditionsTitle, ConditionsNone string

	FrontTitle, FrontLead, FrontMore, FrontSignIn string
}

var operatorTexts = map[string]*operatorText{
	ukrainian: {
		Title: "Потрібна допомога?", Mail: "Електронна пошта:", Phone: "Телефон:", Hours: "Години роботи:",
		Terms: "Умови користування сервісом", Privacy: "Політика конфіденційності сервісу",
		ConditionsTitle: "Умови користування",
		ConditionsNone: "Окремих умов користування для цієї сторінки входу не оприлюднено. Умови застосунку шукайте на " +
			"його сайті.",

		FrontTitle: "Вхід до застосунків",
		FrontLead:  "Цей сервіс підтверджує, хто ви, для застосунків, якими ви користуєтеся.",
		FrontMore: "Щоб увійти до застосунку, відкрийте сам застосунок: він приведе вас сюди. Пароль, способи " +
			"підтвердження входу, сеанси й надані доступи — у вашому обліковому записі.",
		FrontSignIn: "Увійти до облікового запису",
	},
	english: {
		Title: "Need help?", Mail: "Email:", Phone: "Phone:", Hours: "Hours:",
		Terms: "Terms of this service", Privacy: "Privacy policy of this service",
		ConditionsTitle: "Terms of use",
		ConditionsNone: "No separate terms of use are published for this sign-in page. For those of an application, see " +
			"its website.",

		FrontTitle: "Sign-in for applications",
		FrontLead:  "This service tells the applications that you use who you are.",
		FrontMore: "To sign in to an application, open the application itself: it brings you here. Your password, ways to " +
			"confirm a sign-in, sessions and approvals are in your account.",
		FrontSignIn: "Sign in to your account",
	},
}
