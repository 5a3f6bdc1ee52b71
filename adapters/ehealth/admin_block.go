package ehealth

import "context"

// block is what a body says about being blocked, beside what is stored.
type block struct {
	isBlocked bool
	reason    string
	given     bool
	begins    bool // who was not blocked is now
}

// readBlock takes what the body has; the rest is as it was. Also a reason without a block is kept.
func readBlock(c *check, isBlocked bool, reason string) block {
	b := block{isBlocked: isBlocked, reason: reason}
	switch {
	case c.isEmptyText("is_blocked"):
		b.isBlocked, b.given = false, true
	case c.present("is_blocked"):
		b.isBlocked, b.given = c.boolean("is_blocked"), true
	}
	if _, given := c.fields["block_reason"]; given {
		b.reason, b.given = c.optionalName("block_reason"), true
	}
	b.begins = b.isBlocked && !isBlocked
	return b
}

// store stores the block by SetUserBlock or SetClientBlock, where the body said something about it.
func (b block) store(
	ctx context.Context, set func(ctx context.Context, id string, blocked bool, reason string) error, id string,
) error {
	if !b.given {
		return nil
	}
	return set(ctx, id, b.isBlocked, b.reason)
}
