package identity

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

var errPasswordHash = errors.New("identity: password hash in no known form")

// argon2Cost is what a hash costs: memory in KiB, passes, lanes.
type argon2Cost struct {
	buffers uint32
	time    uint32
	lanes   uint8
}

// bytes is the memory that one hash takes.
func (c argon2Cost) bytes() int64 { return int64(c.buffers) << 10 }

// currentCost is what OWASP recommends where memory is dear; salt and key lengths are those of RFC 9106.
var currentCost = argon2Cost{buffers: 19 << 10, time: 2, lanes: 1}

const (
	saltLength = 16
	keyLength  = 32
)

// highestCost bounds what a row may make this process spend.
var highestCost = argon2Cost{buffers: 64 << 10, time: 10, lanes: 4}

type argon2Hash struct {
	argon2Cost
	salt, key []byte
}

func (h argon2Hash) derive(password string, length uint32) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.time, h.buffers, h.lanes, length)
}

const argon2Form = "$argon2id$v=19$m=%d,t=%d,p=%d$"

// String is the PHC string format, as the reference implementation of argon2 writes it.
func (h argon2Hash) String() string {
	return fmt.Sprintf(argon2Form, h.buffers, h.time, h.lanes) +
		base64.RawStdEncoding.EncodeToString(h.salt) + "$" + base64.RawStdEncoding.EncodeToString(h.key)
}

func parseArgon2(phc string) (argon2Hash, error) {
	var h argon2Hash
	parts := strings.Split(phc, "$")
	if len(parts) != 6 {
		return h, errPasswordHash
	}
	head := strings.Join(parts[:4], "$") + "$"
	if _, err := fmt.Sscanf(head, argon2Form, &h.buffers, &h.time, &h.lanes); err != nil ||
		head != fmt.Sprintf(argon2Form, h.buffers, h.time, h.lanes) {
		return h, errPasswordHash
	}
	if h.buffers == 0 || h.buffers > highestCost.buffers || h.time == 0 || h.time > highestCost.time ||
		h.lanes == 0 || h.lanes > highestCost.lanes {
		return h, errPasswordHash
	}
	var problems [2]error
	h.salt, problems[0] = base64.RawStdEncoding.DecodeString(parts[4])
	h.key, problems[1] = base64.RawStdEncoding.DecodeString(parts[5])
	if errors.Join(problems[:]...) != nil || len(h.salt) < 8 || len(h.salt) > 64 || len(h.key) < 16 || len(h.key) > 64 {
		return h, errPasswordHash
	}
	return h, nil
}

// bcrypt reads no more than 72 bytes, and old systems silently dropped the rest; each step of cost doubles the time,
// and 15 takes seconds already.
const (
	bcryptReads       = 72
	highestBcryptCost = 15
)

func verifyBcrypt(hash, password string) (bool, error) {
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil || cost > highestBcryptCost || len(hash) != 60 || !strings.Contains("aby", hash[2:3]) {
		return false, errPasswordHash
	}
	err = bcrypt.CompareHashAndPassword([]byte(hash), []byte(password[:min(len(password), bcryptReads)]))
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, bcrypt.ErrMismatchedHashAndPassword):
		return false, nil
	default:
		return false, fmt.Errorf("%w: %w", errPasswordHash, err)
	}
}
