package clientauth

import lru "github.com/hashicorp/golang-lru/v2"

// rememberedAnswers bounds each set of right or wrong secrets.
const rememberedAnswers = 4096

// set remembers keys that can't be guessed or read back: the ones that were asked for or added last.
type set = lru.Cache[string, struct{}]

func newSet() *set { return newBounded[struct{}](rememberedAnswers) }

// newBounded makes a cache that drops the entry that was used least recently when there are more than size.
func newBounded[V any](size int) *lru.Cache[string, V] {
	cache, err := lru.New[string, V](size)
	if err != nil {
		panic(err) // the size is not above 0
	}
	return cache
}
