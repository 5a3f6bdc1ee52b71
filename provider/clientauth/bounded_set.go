package clientauth

import "sync"

// rememberedAnswers bounds a boundedSet; past it all is forgotten, and learned again.
const rememberedAnswers = 4096

// boundedSet remembers answers by a key that can't be guessed or read back.
type boundedSet struct {
	mu      sync.Mutex
	answers map[string]bool
}

func (b *boundedSet) get(key string) (answer, seen bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	answer, seen = b.answers[key]
	return answer, seen
}

func (b *boundedSet) put(key string, answer bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.answers == nil || len(b.answers) >= rememberedAnswers {
		b.answers = map[string]bool{}
	}
	b.answers[key] = answer
}
