-- +goose Up

-- The rights of operators. Whoever is to have one gets a role with it, and signs in for it with a second factor.
INSERT INTO scopes (name, title_uk, title_en, governed_by, assurance) VALUES
    ('admin:read', 'Переглядати дані та налаштування системи входу', 'See the data and settings of the sign-in system', 'role', 'one_time_code'),
    ('admin:clients', 'Керувати клієнтами та сферами доступу', 'Manage clients and scopes', 'role', 'one_time_code'),
    ('admin:users', 'Керувати користувачами та їхніми ролями', 'Manage users and their roles', 'role', 'one_time_code'),
    ('admin:keys', 'Замінювати ключі підпису', 'Rotate the signing keys', 'role', 'one_time_code'),
    ('admin:audit', 'Читати журнал аудиту', 'Read the audit', 'role', 'one_time_code')
ON CONFLICT DO NOTHING;

-- +goose Down
SELECT 1;
