package login

// signingMessages are the texts with which people sign in the browser.
type signingMessages struct {
	KeyFile, Password, Certificates, Privacy, Button, Busy, Elsewhere, NoScript string

	KeyFileProblem, PasswordProblem, CertificateFileProblem string
	CertificateMissing, CertificateForeign                  string
	CertificateUsage, CertificateExpired                    string
	CertificateAuthority, CertificateRevoked                string
	Library, Failed                                         string
}

var signingUkrainian = signingMessages{
	KeyFile: "Файл ключа", Password: "Пароль до ключа", Certificates: "Файл сертифіката",
	Privacy: "Ключ і пароль залишаються у вашому браузері й нікуди не надсилаються. " +
		"Підходять файли Key-6.dat, JKS і PFX.",
	Button: "Підписати й увійти", Busy: "Підписуємо. Зачекайте кілька секунд.",
	Elsewhere: "Підписати в іншій програмі",
	NoScript: "У вашому браузері вимкнено JavaScript, тому підписати на цій сторінці не можна. " +
		"Підпишіть файл у своїй програмі та додайте його тут.",
	KeyFileProblem: "Це не файл ключа, який можна тут відкрити. Виберіть Key-6.dat, JKS або PFX із ключем КЕП. " +
		"Якщо ваш ключ на токені, підпишіть файл в іншій програмі.",
	PasswordProblem: "Пароль не підходить до цього ключа. Перевірте мову введення та Caps Lock і спробуйте ще раз.",
	CertificateFileProblem: "Цей файл не є сертифікатом КЕП. Виберіть файл .cer або .crt, який видав ваш надавач " +
		"довірчих послуг.",
	CertificateMissing: "У файлі ключа немає сертифіката. Додайте файл сертифіката (.cer або .crt): його можна " +
		"завантажити на сайті вашого надавача довірчих послуг.",
	CertificateForeign: "Цей сертифікат належить до іншого ключа. Додайте сертифікат саме цього ключа.",
	CertificateUsage: "Цей сертифікат не призначений для підпису. Надавач видає два сертифікати: додайте той, що для " +
		"підпису.",
	CertificateExpired: "Строк дії сертифіката минув або ще не почався. Отримайте новий ключ у свого надавача довірчих " +
		"послуг. Якщо сертифікат чинний, перевірте дату на цьому пристрої.",
	CertificateAuthority: "Сертифікат видав надавач довірчих послуг, якого цей сервіс не знає. Скористайтеся ключем " +
		"іншого надавача або зверніться по допомогу.",
	CertificateRevoked: "Надавач довірчих послуг скасував або призупинив цей сертифікат, тому підписати ним не можна. " +
		"Отримайте новий ключ у свого надавача.",
	Library: "Підписати не вдалося. Програма підпису повідомила:",
	Failed:  "Підписати на цій сторінці не вдалося. Підпишіть файл в іншій програмі й додайте його нижче.",
}

var signingEnglish = signingMessages{
	KeyFile: "Key file", Password: "Password of the key", Certificates: "Certificate file",
	Privacy: "The key and its password stay in your browser and are sent nowhere. Key-6.dat, JKS and PFX files can be " +
		"used.",
	Button: "Sign and continue", Busy: "Signing. This takes a few seconds.",
	Elsewhere: "Sign in another program",
	NoScript: "JavaScript is off in your browser, so you can't sign on this page. Sign the file in a " +
		"program of yours and add it here.",
	KeyFileProblem: "This is not a key file that can be opened here. Choose a Key-6.dat, JKS or PFX file " +
		"with the key of a qualified electronic signature. If your key is on a token, sign the file in another program.",
	PasswordProblem: "The password does not fit this key. Check the keyboard language and Caps Lock, and try again.",
	CertificateFileProblem: "This file is not a certificate of a qualified electronic signature. " +
		"Choose a .cer or .crt file " +
		"of your trust service provider.",
	CertificateMissing: "The key file holds no certificate. Add the certificate file (.cer or .crt); " +
		"you can download it " +
		"from the site of your trust service provider.",
	CertificateForeign: "This certificate belongs to another key. Add the certificate of this key.",
	CertificateUsage: "This certificate is not for signing. Providers issue two certificates: add the one that is for " +
		"signatures.",
	CertificateExpired: "The certificate has expired or is not valid yet. Get a new key from your " +
		"trust service provider. " +
		"If the certificate is valid, check the date on this device.",
	CertificateAuthority: "The certificate was issued by a trust service provider that this service does not know. " +
		"Use a key of another provider, or ask for help.",
	CertificateRevoked: "The trust service provider has revoked or suspended this certificate, so it cannot sign. Get a " +
		"new key from your provider.",
	Library: "Signing failed. The signing program says:",
	Failed:  "Signing on this page failed. Sign the file in another program and add it below.",
}
