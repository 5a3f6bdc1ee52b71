// Package mail writes letters to people and sends them by SMTP.
//
// A page or an endpoint calls Service.Enqueue, in the transaction of what the letter is about (storage.Together): the
// letter is written at once (letter.go, texts in letters/), sealed and stored (storage/mail.go). So the answer to the
// person waits for no mail server, and takes as long whether there is a letter or not.
//
// An operator may replace texts by files of their own (templates.go), which are read and checked at the start.
//
// A background job of the server calls Service.Deliver (deliver.go). It claims each letter that is due by a
// conditional write before it sends it (smtp.go), so that of several processes one sends it. A failed attempt is
// repeated after a minute, later every hour at most, until the link of the letter is over; then the letter is dropped.
// In a minute of the clock all processes together make so many attempts at most (Options.PerMinute); the other letters
// wait in the queue, and those whose links are over first are sent first.
// It is also dropped if the mail server refuses its recipient. If a process ends between the sending and the write that
// says so, the letter is sent again with the same Message-ID.
//
// Nothing of a letter is logged but its purpose and its id. A development server without a mail server writes
// letters to its log instead (log.go).
package mail
