package dstutest

import (
	"crypto/rand"
	"errors"
	"math/big"
	"slices"
)

// curve is y² + xy = x³ + ax² + b over GF(2^m), with a base point of the given order.
type curve struct {
	m       int
	modulus *big.Int // the polynomial of the field
	a       uint
	b       *big.Int
	order   *big.Int
	base    point
}

// point is nil, nil at infinity.
type point struct{ x, y *big.Int }

func number(hex string) *big.Int {
	n, ok := new(big.Int).SetString(hex, 16)
	if !ok {
		panic("dstutest: " + hex) // a constant
	}
	return n
}

// polynomial is x^m + … + 1.
func polynomial(exponents ...int) *big.Int {
	p := big.NewInt(1)
	for _, e := range exponents {
		p.SetBit(p, e, 1)
	}
	return p
}

// curve257 is what keys of people have: the curve of annex G of the standard, 1.2.804.2.1.1.1.1.3.1.1.2.6.
var curve257 = &curve{
	m: 257, modulus: polynomial(257, 12), a: 0,
	b:     number("1CEF494720115657E18F938D7A7942394FF9425C1458C57861F9EEA6ADBE3BE10"),
	order: number("800000000000000000000000000000006759213AF182E987D3E17714907D470D"),
	base: point{
		number("2A29EF207D0E9B6C55CD260B306C7E007AC491CA1B10C62334A9E8DCD8D20FB7"),
		number("10686D41FF744D4449FCCF6D8EEA03102E6812C93A9D60B978B702CF156D814EF"),
	},
}

func add(a, b *big.Int) *big.Int { return new(big.Int).Xor(a, b) }

func (c *curve) multiply(a, b *big.Int) *big.Int {
	product := new(big.Int)
	for i := b.BitLen() - 1; i >= 0; i-- {
		product.Lsh(product, 1)
		if product.Bit(c.m) == 1 {
			product.Xor(product, c.modulus)
		}
		if b.Bit(i) == 1 {
			product.Xor(product, a)
		}
	}
	return product
}

// invert is Euclid's algorithm for polynomials; a is not zero.
func (c *curve) invert(a *big.Int) *big.Int {
	u, v := new(big.Int).Set(a), new(big.Int).Set(c.modulus)
	g1, g2 := big.NewInt(1), new(big.Int)
	for u.BitLen() > 1 {
		shift := u.BitLen() - v.BitLen()
		if shift < 0 {
			u, v, g1, g2, shift = v, u, g2, g1, -shift
		}
		u.Xor(u, new(big.Int).Lsh(v, uint(shift)))
		g1.Xor(g1, new(big.Int).Lsh(g2, uint(shift)))
	}
	return c.multiply(big.NewInt(1), reduce(g1, c))
}

func reduce(a *big.Int, c *curve) *big.Int {
	for a.BitLen() > c.m {
		a.Xor(a, new(big.Int).Lsh(c.modulus, uint(a.BitLen()-1-c.m)))
	}
	return a
}

func (c *curve) add(p, q point) point {
	switch {
	case p.x == nil:
		return q
	case q.x == nil:
		return p
	}
	var slope, x *big.Int
	if p.x.Cmp(q.x) != 0 {
		slope = c.multiply(add(p.y, q.y), c.invert(add(p.x, q.x)))
		x = add(add(c.multiply(slope, slope), slope), add(p.x, q.x))
	} else {
		if p.y.Cmp(q.y) != 0 || p.x.Sign() == 0 {
			return point{}
		}
		slope = add(p.x, c.multiply(p.y, c.invert(p.x)))
		x = add(c.multiply(slope, slope), slope)
	}
	x = add(x, new(big.Int).SetUint64(uint64(c.a)))
	return point{x, add(add(c.multiply(slope, add(p.x, x)), x), p.y)}
}

func (c *curve) times(p point, n *big.Int) (product point) {
	for i := n.BitLen() - 1; i >= 0; i-- {
		product = c.add(product, product)
		if n.Bit(i) == 1 {
			product = c.add(product, p)
		}
	}
	return product
}

func (c *curve) trace(a *big.Int) uint {
	sum := a
	for range c.m - 1 {
		sum = add(c.multiply(sum, sum), a)
	}
	return sum.Bit(0)
}

// compressPoint is section 6.9 of the standard: x, with the trace of y/x in the lowest bit.
func (c *curve) compressPoint(p point) *big.Int {
	return new(big.Int).SetBit(p.x, 0, c.trace(c.multiply(p.y, c.invert(p.x))))
}

// expandPoint is section 6.10.
func (c *curve) expandPoint(compressed *big.Int) (point, error) {
	x := new(big.Int).SetBit(compressed, 0, 0)
	if c.trace(x) != c.a {
		x.SetBit(x, 0, 1)
	}
	if x.Sign() == 0 || x.BitLen() > c.m {
		return point{}, errors.New("dstutest: no point")
	}
	inverse := c.invert(x)
	// With y = zx the equation is z² + z = x + a + b/x².
	right := add(add(x, new(big.Int).SetUint64(uint64(c.a))), c.multiply(c.b, c.multiply(inverse, inverse)))
	z, square := right, right
	for range (c.m - 1) / 2 {
		square = c.multiply(square, square)
		square = c.multiply(square, square)
		z = add(z, square)
	}
	if add(c.multiply(z, z), z).Cmp(right) != 0 {
		return point{}, errors.New("dstutest: no point")
	}
	if c.trace(z) != compressed.Bit(0) {
		z = add(z, big.NewInt(1))
	}
	return point{x, c.multiply(z, x)}, nil
}

// fieldElement is a hash as an element of the field.
func (c *curve) fieldElement(hash []byte) *big.Int {
	h := littleEndian(hash)
	for h.BitLen() > c.m {
		h.SetBit(h, h.BitLen()-1, 0)
	}
	if h.Sign() == 0 {
		h.SetInt64(1)
	}
	return h
}

// toInteger cuts an element of the field to fewer bits than the order has.
func (c *curve) toInteger(element *big.Int) *big.Int {
	mask := new(big.Int).Lsh(big.NewInt(1), uint(c.order.BitLen()-1))
	return new(big.Int).And(element, mask.Sub(mask, big.NewInt(1)))
}

// verify is section 13: the signature is r and s, of equal length, the lowest byte first.
func (c *curve) verify(public point, hash, signature []byte) bool {
	half := len(signature) / 2
	if half == 0 || len(signature)%2 != 0 {
		return false
	}
	r, s := littleEndian(signature[:half]), littleEndian(signature[half:])
	if r.Sign() == 0 || s.Sign() == 0 || r.Cmp(c.order) >= 0 || s.Cmp(c.order) >= 0 {
		return false
	}
	sum := c.add(c.times(c.base, s), c.times(public, r))
	return sum.x != nil && c.toInteger(c.multiply(c.fieldElement(hash), sum.x)).Cmp(r) == 0
}

// sign is section 12.
func (c *curve) sign(private *big.Int, hash []byte) []byte {
	for {
		e := randomBelow(c.order)
		r := c.toInteger(c.multiply(c.fieldElement(hash), c.times(c.base, e).x))
		s := new(big.Int).Mul(private, r)
		s.Add(s, e).Mod(s, c.order)
		if r.Sign() != 0 && s.Sign() != 0 {
			size := (c.order.BitLen() + 7) / 8
			return append(bytesOf(r, size), bytesOf(s, size)...)
		}
	}
}

func randomBelow(limit *big.Int) *big.Int {
	for {
		n, err := rand.Int(rand.Reader, limit)
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		if n.Sign() > 0 {
			return n
		}
	}
}

func littleEndian(content []byte) *big.Int {
	reversed := slices.Clone(content)
	slices.Reverse(reversed)
	return new(big.Int).SetBytes(reversed)
}

// bytesOf is a number in so many bytes, the lowest first.
func bytesOf(n *big.Int, size int) []byte {
	content := n.FillBytes(make([]byte, size))
	slices.Reverse(content)
	return content
}
