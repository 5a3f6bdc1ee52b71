// Package dstutest makes the keys, key files and certificates with which people sign in Ukraine, and verifies what they
// signed, for tests of the signature page. It is written from the standards and shares no code with the script of that
// page:
//
//	gost.go         DSTU GOST 28147:2009 (the cipher) and GOST 34.311-95 (the hash), with the S-boxes DKE No. 1
//	curve.go        DSTU 4145-2002: curves over GF(2^m) in a polynomial basis, signatures
//	certificate.go  certificates of a certification authority, in the profile of Ukraine (order 1236/5/453)
//	key_file.go     Key-6.dat, in the forms of IIT and of PBES2, JKS and PFX
//	cms.go          verification of CMS SignedData (RFC 5652) with its signed attributes
//	service.go      a signature service of an operator, over HTTP
//	services.go     the services of an authority over HTTP: status of certificates, time stamps, finding certificates
//
// It is neither fast nor constant in time.
package dstutest
