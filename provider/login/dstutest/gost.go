package dstutest

import (
	"encoding/binary"
	"encoding/hex"
	mathbits "math/bits"
)

// substitution is DKE No. 1: a row for each four bits of a word, the lowest first.
var substitution = [8]string{
	"A9D6EB45F13C7082", "80C4967B231F5EAD", "F658EBA4C037291D", "38D96BF025CA4E17",
	"F8E9720DC615B43A", "28975F0BC1DEA364", "38B564EA2C179FD0", "123E6DB8FAC57904",
}

// packedSubstitution is substitution as certificates and key files have it.
func packedSubstitution() []byte {
	var packed []byte
	for _, row := range substitution {
		decoded, err := hex.DecodeString(row)
		if err != nil {
			panic(err) // a constant
		}
		packed = append(packed, decoded...)
	}
	return packed
}

var sBoxes = func() (boxes [8][16]uint32) {
	for i, octet := range packedSubstitution() {
		boxes[i/8][i%8*2], boxes[i/8][i%8*2+1] = uint32(octet>>4), uint32(octet&15)
	}
	return boxes
}()

// blockCipher is the cipher with a key of 32 bytes; blocks have eight.
type blockCipher [8]uint32

func newBlockCipher(key []byte) (c blockCipher) {
	for i := range c {
		c[i] = binary.LittleEndian.Uint32(key[4*i:])
	}
	return c
}

func round(n uint32) uint32 {
	var substituted uint32
	for i := range sBoxes {
		substituted |= sBoxes[i][n>>(4*i)&15] << (4 * i)
	}
	return mathbits.RotateLeft32(substituted, 11)
}

func (c blockCipher) encrypt(block []byte) []byte {
	n1, n2 := binary.LittleEndian.Uint32(block), binary.LittleEndian.Uint32(block[4:])
	for i := range 32 {
		key := c[i%8]
		if i >= 24 {
			key = c[7-i%8]
		}
		n1, n2 = n2^round(n1+key), n1
	}
	// The last round does not exchange the halves.
	out := binary.LittleEndian.AppendUint32(nil, n2)
	return binary.LittleEndian.AppendUint32(out, n1)
}

// mac is the imitation insert: the first four bytes of sixteen rounds over the blocks.
func (c blockCipher) mac(content []byte) []byte {
	var n1, n2 uint32
	for i := 0; i < len(content); i += 8 {
		var block [8]byte
		copy(block[:], content[i:])
		n1 ^= binary.LittleEndian.Uint32(block[:])
		n2 ^= binary.LittleEndian.Uint32(block[4:])
		for i := range 16 {
			n1, n2 = n2^round(n1+c[i%8]), n1
		}
	}
	return binary.LittleEndian.AppendUint32(nil, n1)
}

// cfb encrypts in the mode of gamma with feedback.
func (c blockCipher) cfb(iv, content []byte) []byte {
	out := make([]byte, 0, len(content))
	for len(content) > 0 {
		gamma := c.encrypt(iv)
		n := min(8, len(content))
		for i := range n {
			out = append(out, content[i]^gamma[i])
		}
		content, iv = content[n:], out[len(out)-n:]
	}
	return out
}

// Hash is GOST 34.311-95 with an initial value of zero.
func Hash(content []byte) []byte {
	var state, sum, length [32]byte
	binary.LittleEndian.PutUint64(length[:], uint64(len(content))*8)
	for len(content) > 0 {
		var block [32]byte
		content = content[copy(block[:], content):]
		state = compress(state, block)
		carry := 0
		for i := range sum {
			carry += int(sum[i]) + int(block[i])
			sum[i], carry = byte(carry), carry>>8
		}
	}
	state = compress(compress(state, length), sum)
	return state[:]
}

// hashConstant is C3 of the standard, the lowest byte first.
var hashConstant = [32]byte{
	0, 255, 0, 255, 0, 255, 0, 255, 255, 0, 255, 0, 255, 0, 255, 0,
	0, 255, 255, 0, 255, 0, 0, 255, 255, 0, 0, 0, 255, 255, 0, 255,
}

func xor(a, b [32]byte) [32]byte {
	for i := range a {
		a[i] ^= b[i]
	}
	return a
}

// rotateA is the transformation A of the standard, permuteP its P.
func rotateA(x [32]byte) (y [32]byte) {
	copy(y[:], x[8:])
	for i := range 8 {
		y[24+i] = x[i] ^ x[8+i]
	}
	return y
}

func permuteP(x [32]byte) (y [32]byte) {
	for i := range 4 {
		for k := range 8 {
			y[i+4*k] = x[8*i+k]
		}
	}
	return y
}

// mix applies ψ, which shifts sixteen words of sixteen bits, n times.
func mix(x [32]byte, n int) [32]byte {
	for range n {
		low, high := x[0]^x[2]^x[4]^x[6]^x[24]^x[30], x[1]^x[3]^x[5]^x[7]^x[25]^x[31]
		copy(x[:], x[2:])
		x[30], x[31] = low, high
	}
	return x
}

func compress(state, block [32]byte) [32]byte {
	var encrypted [32]byte
	u, v := state, block
	for i := range 4 {
		if i > 0 {
			u, v = rotateA(u), rotateA(rotateA(v))
		}
		if i == 2 {
			u = xor(u, hashConstant)
		}
		key := permuteP(xor(u, v))
		copy(encrypted[8*i:], newBlockCipher(key[:]).encrypt(state[8*i:8*i+8]))
	}
	return mix(xor(state, mix(xor(block, mix(encrypted, 12)), 1)), 61)
}
