package storage

import "context"

// Setting reads what the database remembers about itself under a name. ErrNotFound: nothing.
func (s *settingStore) Setting(ctx context.Context, name string) (value string, err error) {
	err = s.get(ctx, &value, `SELECT value FROM settings WHERE name = $1`, name)
	return value, err
}

// PutSetting stores a setting over one of the same name.
func (s *settingStore) PutSetting(ctx context.Context, name, value string) error {
	_, err := s.exec(ctx, `
INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name,
		value)
	return err
}
