package login

// signatureScript signs in the browser. It is bundled from the folder signing: `make signature-script`.
var signatureScript = newScript("pages/signature.js")
